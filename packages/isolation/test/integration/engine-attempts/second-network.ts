import { chooseSubnet } from '../../../src/index.js';
import type { Act } from '../attempts/attempt.js';
import { type EngineLab, type Place, type Run, toPlace } from '../support/engine-lab.js';
import type { EngineSite } from '../support/engine-site.js';
import { PLACEHOLDERS } from './engine-attempt.js';

/** What stands for addresses on the second network. */
const [OTHER, GATEWAY, INSIDE] = ['other', 'gateway', 'inside'];

/** An attempt over the second network; one from its other container goes inwards. */
interface SecondAttempt {
  readonly title: string;
  readonly act: Act;
  readonly isInbound?: boolean;
}

/** A network without rules, connected to a container that is under a policy and to one that is not. */
export class SecondNetwork {
  static readonly attempts: readonly SecondAttempt[] = [
    { title: 'TCP', act: { kind: 'tcp', to: OTHER, port: 443 } },
    { title: 'UDP', act: { kind: 'udp', to: OTHER, port: 443 } },
    { title: 'TCP to a port that is closed everywhere', act: { kind: 'tcp', to: OTHER, port: 5353 } },
    { title: 'TCP by its device', act: { kind: 'tcp', to: OTHER, port: 443, device: 'eth1' } },
    { title: 'UDP in fragments', act: { kind: 'udp', to: OTHER, port: 443, size: 9000 } },
    { title: 'ICMP echo', act: { kind: 'echo', to: OTHER } },
    { title: 'ICMP echo to its gateway', act: { kind: 'echo', to: GATEWAY } },
    { title: 'TCP from its other container', act: { kind: 'tcp', to: INSIDE, port: 9000 }, isInbound: true },
    { title: 'UDP from its other container', act: { kind: 'udp', to: INSIDE, port: 9000 }, isInbound: true },
  ];
  readonly places: Readonly<Record<Run, Place>>;
  /** To the host, by its address on this network, which is in a range that the policy opens. */
  readonly toHost: Act;
  readonly #gateway: string;
  readonly #other: Place;

  private constructor(places: Readonly<Record<Run, Place>>, other: Place, gateway: string) {
    this.places = places;
    this.#other = other;
    this.#gateway = gateway;
    this.toHost = { kind: 'tcp', to: gateway, port: PLACEHOLDERS.hostTcpPort };
  }

  static async connect({ site, network, places: { with: first, without: second } }: EngineLab): Promise<SecondNetwork> {
    const [under, plain, other] = await Promise.all([
      site.container('sandboxed'),
      site.container('sandboxed'),
      site.container('administering'),
    ]);
    await site.isolator.attachContainer(under.id, network.id);
    await plain.join(network.id);
    const subnet = await chooseOpenSubnet(site);
    const gateway = subnet.replace(/(\d+)\/28$/u, (_all, first: string) => String(Number(first) + 1));
    const id = await site.foreignNetwork(subnet, gateway);
    await other.join(id);
    for (const container of [under, plain]) await site.engine.networks.connect(id, container.id);
    for (const { container } of [first, second]) await container.ip(`route add ${gateway} via ${network.gateway}`);
    const places = { with: await toPlace(under, id), without: await toPlace(plain, id) };
    return new SecondNetwork(places, await toPlace(other, id, { address: '0.0.0.0', ports: [443, 5353] }), gateway);
  }

  /** Whether it is answered, or heard at the other end. */
  async attempt({ act, isInbound = false }: SecondAttempt, run: Run): Promise<boolean> {
    const [from, target] = isInbound ? [this.#other, this.places[run]] : [this.places[run], this.#other];
    const names: Readonly<Record<string, string>> = { [GATEWAY]: this.#gateway };
    await target.server.drain();
    const to = names[act.to] ?? target.address;
    const { isAnswered = false } = await from.attempter.ask(JSON.stringify({ ...act, to }));
    const isHeard = (await target.server.drain()).some(({ heard }) => heard !== undefined);
    return isAnswered || isHeard;
  }
}

/** In a range that the policy opens to TCP, so that it is not the address that is refused. */
async function chooseOpenSubnet({ engine }: EngineSite): Promise<string> {
  const networks = await engine.networks.list();
  const taken = networks.flatMap(({ name, subnets }) => subnets.map(({ subnet }) => ({ subnet, holder: name })));
  return chooseSubnet({ taken, pools: ['10.2.128.0/17'] });
}
