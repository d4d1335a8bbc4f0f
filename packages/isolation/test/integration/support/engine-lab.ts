import { type ChildProcess, spawn } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { IsolatedNetwork } from '../../../src/index.js';
import { type Act, attemptPolicy } from '../attempts/attempt.js';
import { attemptAddresses } from '../attempts/destinations.js';
import { type EngineAttempt, PLACEHOLDERS } from '../engine-attempts/engine-attempt.js';
import { AgentConversation } from './agent-conversation.js';
import { directTo, EngineSite, makeWorld } from './engine-site.js';
import type { LabContainer } from './lab-container.js';
import type { Observation } from './network-lab.js';

/** Each answers in the peer by TCP and UDP, at all addresses. */
const PORTS: readonly number[] = [53, 80, 443, 5353, 5432, 8080];

/** With the isolator's rules, or in a container that was connected without them. */
export type Run = 'with' | 'without';

/** A container on the network, and what is in it. */
export interface Place {
  readonly container: LabContainer;
  readonly address: string;
  readonly attempter: AgentConversation;
  /** Tells whether it was reached. */
  readonly server: AgentConversation;
}

/** What a lab is made of. */
interface EngineLabParts {
  readonly site: EngineSite;
  readonly network: IsolatedNetwork;
  readonly peer: Place;
  readonly host: Host;
  readonly places: Readonly<Record<Run | 'administering', Place>>;
}

/**
 * A network of an engine with a container that is under the policy, two that are not, and a peer that owns every
 * address that is asked for and that all routes lead to, so that nothing leaves the machine. Needs root, and an engine
 * on this machine.
 */
export class EngineLab implements AsyncDisposable {
  readonly site: EngineSite;
  readonly network: IsolatedNetwork;
  readonly places: EngineLabParts['places'];
  readonly peer: Place;
  readonly #host: Host;

  private constructor({ site, network, peer, host, places }: EngineLabParts) {
    this.site = site;
    this.network = network;
    this.places = places;
    this.peer = peer;
    this.#host = host;
  }

  static async create(): Promise<EngineLab> {
    const site = new EngineSite();
    const host = new Host();
    try {
      await host.listen();
      const [network, under, plain, administering, peer] = await Promise.all([
        site.isolator.createNetwork({ policy: attemptPolicy }),
        site.container('sandboxed'),
        site.container('sandboxed'),
        site.container('administering'),
        site.container('administering'),
      ]);
      await site.isolator.attachContainer(under.id, network.id);
      const directions = { peer: await peer.join(network.id), gateway: network.gateway, host: host.address };
      for (const container of [plain, administering]) await container.join(network.id);
      await makeWorld(peer, [...attemptAddresses, '1.2.3.5']);
      for (const container of [under, plain, administering]) await directTo(directions, container);
      await administering.enter('nft', 'add table inet paracle');
      return new EngineLab({
        ...{ site, network, host },
        peer: await toPlace(peer, network.id, { ports: PORTS }),
        places: {
          with: await toPlace(under, network.id),
          without: await toPlace(plain, network.id),
          administering: await toPlace(administering, network.id),
        },
      });
    } catch (error) {
      host.close();
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Tries one thing, and waits until the peer has told every packet that came of it. */
  async attempt(attempt: EngineAttempt, run: Run): Promise<Observation> {
    const { as, isInbound = false } = attempt;
    const place = this.places[run === 'without' && as === 'raw' && !isInbound ? 'administering' : run];
    const act = this.#toReal(attempt.act, place);
    const attempter = isInbound ? this.#outside(act) : place.attempter;
    await this.peer.server.drain();
    await place.server.drain();
    const { isAnswered = false, error, durationMs = 0 } = await attempter.ask(JSON.stringify(act));
    const others = Object.values(this.places).filter((other) => other !== place);
    const ignored = new Set([...others.map(({ address }) => address), this.network.gateway]);
    const arrived = await this.peer.server.drain();
    return {
      isAnswered,
      durationMs,
      packets: arrived.flatMap(({ packet }) => packet ?? []).filter(({ from }) => !ignored.has(from)),
      isHeard: (await place.server.drain()).some(({ heard }) => heard !== undefined),
      ...(error === undefined ? {} : { error }),
    };
  }

  /** Opens a connection that lives on, without the rules and with them. */
  async sessions(act: Act): Promise<readonly AgentConversation[]> {
    const { without, with: under } = this.places;
    return Promise.all(
      [without, under].map(async ({ container }) => {
        const session = await container.converse('session', act);
        await session.next();
        return session;
      }),
    );
  }

  /** The real address that one in an attempt stands for. */
  resolve(address: string, place: Place = this.places.with): string {
    const broadcast = this.network.subnet.replace(/(\d+)\/28$/u, (_all, first: string) => String(Number(first) + 15));
    const names: Readonly<Record<string, string>> = {
      [PLACEHOLDERS.sandbox]: place.address,
      [PLACEHOLDERS.gateway]: this.network.gateway,
      [PLACEHOLDERS.neighbour]: this.peer.address,
      [PLACEHOLDERS.broadcast]: broadcast,
      [PLACEHOLDERS.host]: this.#host.address,
    };
    return names[address] ?? address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#host.close();
    await this.site[Symbol.asyncDispose]();
  }

  #toReal(act: Act, place: Place): Act {
    const ports: Readonly<Record<number, number>> = this.#host.ports;
    return {
      ...act,
      to: this.resolve(act.to, place),
      ...(act.from !== undefined && { from: this.resolve(act.from, place) }),
      ...(act.port !== undefined && { port: ports[act.port] ?? act.port }),
      ...(act.kind === 'dns' && { name: this.peer.container.id.slice(0, 12) }),
    };
  }

  #outside({ from = this.network.gateway }: Act): AgentConversation {
    return from === this.network.gateway ? this.#host.attempter : this.peer.attempter;
  }
}

/** Lets a server and an attempter live in a container. */
export async function toPlace(
  container: LabContainer,
  networkId: string,
  serving: object = { address: '0.0.0.0', ports: [9000] },
): Promise<Place> {
  const server = await container.converse('world', serving);
  await server.next();
  return {
    container,
    server,
    address: await container.addressOn(networkId),
    attempter: await container.converse('attempt', {}),
  };
}

/** The engine's host: this machine. */
class Host {
  /** An address that is no gateway of a network that somebody may remove meanwhile. */
  readonly address: string = findAddress();
  readonly #children: ChildProcess[] = [];
  readonly attempter: AgentConversation = this.#start('agent.py', 'attempt', {});
  ports: Readonly<Record<number, number>> = {};

  /** Echoes at all its addresses, on ports that the kernel chooses. */
  async listen(): Promise<void> {
    const { ports = [] } = await this.#start('world.py', 'world', { address: '0.0.0.0', ports: [0] }).next();
    const [tcp = 0, udp = 0] = ports;
    this.ports = { [PLACEHOLDERS.hostTcpPort]: tcp, [PLACEHOLDERS.hostUdpPort]: udp };
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  #start(script: string, role: string, options: object): AgentConversation {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn('python3', [path, role, JSON.stringify(options)]);
    this.#children.push(child);
    return new AgentConversation(child);
  }
}

function findAddress(): string {
  const found = Object.entries(networkInterfaces())
    .filter(([name]) => !/^(?:br-|veth)/u.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (found === undefined) throw new Error('Expected this machine to have an address');
  return found.address;
}
