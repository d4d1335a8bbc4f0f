import { Engine, ownerLabels } from '@paracle/core';
import { NetworkIsolator } from '../../../src/index.js';
import { PLACEHOLDERS } from '../engine-attempts/engine-attempt.js';
import { LabContainer, type Rights } from './lab-container.js';

/** Where routes lead. */
export interface Directions {
  readonly peer: string;
  readonly gateway: string;
  /** Another address of the host, which is by the gateway. */
  readonly host: string;
}

/** What a test makes on an engine of this machine; all of it goes with it. */
export class EngineSite implements AsyncDisposable {
  readonly engine: Engine = new Engine();
  readonly isolator: NetworkIsolator = new NetworkIsolator({ engine: this.engine, pools: ['198.18.0.0/16'] });
  readonly #containers: Promise<LabContainer>[] = [];
  readonly #networks: string[] = [];

  async container(rights: Rights): Promise<LabContainer> {
    const starting = LabContainer.start(this.engine, rights);
    this.#containers.push(starting);
    return starting;
  }

  /** A network of somebody who knows nothing of policies. */
  async foreignNetwork(subnet: string, gateway: string): Promise<string> {
    const { id } = await this.engine.networks.create({
      Name: `paracle-test-${subnet.replace('/', '-')}`,
      CheckDuplicate: true,
      IPAM: { Config: [{ Subnet: subnet, Gateway: gateway }] },
      Labels: ownerLabels({ purpose: 'network' }),
    });
    this.#networks.push(id);
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const started = await Promise.allSettled(this.#containers);
    const outcomes = await Promise.allSettled(
      started.map(async (each) => (each.status === 'fulfilled' ? each.value[Symbol.asyncDispose]() : undefined)),
    );
    outcomes.push(...(await Promise.allSettled(this.#networks.map(async (id) => this.engine.networks.remove(id)))));
    outcomes.push(...(await Promise.allSettled([this.isolator.close()])));
    await this.engine.close();
    const failures = outcomes.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (failures.length > 0) throw new AggregateError(failures, 'Something stayed on the engine');
  }
}

/** From outside: all routes lead to the peer, but those to the host; there is IPv6, and a second address of its own. */
export async function directTo({ peer, gateway, host }: Directions, container: LabContainer): Promise<void> {
  // The last byte of its address will do as a number.
  const [, number = ''] = /\.(\d+)\//u.exec(await container.enter('ip', '-4', 'address', 'show', 'eth0')) ?? [];
  await allowIpv6(container);
  await container.ip(
    `route replace default via ${peer}`,
    `route add ${host} via ${gateway}`,
    `address add ${PLACEHOLDERS.foreign}/32 dev lo`,
    ...[`fd77::1:${number}/64`, `fe80::1:${number}/64`].map((address) => `address add ${address} dev eth0 nodad`),
    '-6 route add default via fd77::1',
  );
}

/** Gives the peer the addresses, and no way on. */
export async function makeWorld(container: LabContainer, addresses: readonly string[]): Promise<void> {
  await allowIpv6(container);
  await write(container, ['all', 'eth0'], '/proc/sys/net/ipv4/conf/$i/accept_source_route', 1);
  await container.ip(
    'route del default',
    ...['fd77::1/64', 'fe80::77/64'].map((address) => `address add ${address} dev eth0 nodad`),
    ...addresses.map((address) => `address add ${address} dev lo${address.includes(':') ? ' nodad' : ''}`),
  );
}

/** Engines turn it off in containers whose networks have none. */
async function allowIpv6(container: LabContainer): Promise<void> {
  await write(container, ['all', 'lo', 'eth0'], '/proc/sys/net/ipv6/conf/$i/disable_ipv6', 0);
}

async function write(
  container: LabContainer,
  interfaces: readonly string[],
  path: string,
  value: number,
): Promise<void> {
  await container.enter('sh', '-c', `for i in ${interfaces.join(' ')}; do echo ${value} > ${path}; done`);
}
