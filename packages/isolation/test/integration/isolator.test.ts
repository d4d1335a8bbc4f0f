import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { waitUntil } from '@paracle/test-support';
import { type Denial, NetworkIsolator } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';
import { LISTENER_PORT, Listener } from './support/listener.js';
import { TestContainer } from './support/test-container.js';

const ECONNREFUSED = 111;
const ENETUNREACH = 101;
const HEX_256 = /^[0-9a-f]{64}$/u;

it('makes a closed network of 16 addresses unless told otherwise, and removes it', async () => {
  await using engine = new Engine();
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();

  expect(network).toMatchObject({ internal: true, policy: { allowInternet: false, allowIntraNetwork: false } });
  expect(network.subnet).toMatch(/\/28$/u);
  expect(await engine.networks.inspect(network.id)).toMatchObject({
    name: network.name,
    driver: 'bridge',
    isInternal: true,
    hasIpv6: false,
    subnets: [{ subnet: network.subnet, gateway: network.gateway }],
  });
  await isolator.cleanupAll();
  await expect(engine.networks.inspect(network.id)).rejects.toMatchObject({ code: 'PARACLE_ENGINE_OBJECT_NOT_FOUND' });
  await expect(isolator.createNetwork({ driver: 'bridge' })).resolves.toMatchObject({ internal: true });
  await isolator.close();
  expect(await listLeftBehind(engine)).toEqual([]);
});

it('makes a network of the subnet that is asked for', async () => {
  await using engine = new Engine();
  await using isolator = new NetworkIsolator({ engine });
  const subnet = await findFreeSubnet(engine, ['172.28.0.0/16', '172.29.0.0/16', '172.30.0.0/16']);

  const network = await isolator.createNetwork({ subnet, internal: true });

  expect(network).toMatchObject({ subnet, internal: true, gateway: subnet.replace('.0.0/16', '.0.1') });
  await expect(isolator.getNetworkInfo(network.name)).resolves.toMatchObject({
    id: network.id,
    freeAddresses: 65_533,
    containers: [],
    isOwn: true,
  });
});

it('leaves a way out only where the policy opens something beyond the own subnet', async () => {
  await using engine = new Engine();
  await using isolator = new NetworkIsolator({ engine });

  const open = await isolator.createNetwork({ policy: { allowedIps: ['9.9.9.9'] } });

  expect(open.internal).toBe(false);
  expect(await engine.networks.inspect(open.id)).toMatchObject({ isInternal: false });
});

it('attaches a container, proves it, tells who is on the network, and detaches it', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await using listener = await Listener.start(engine, network.name);
  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(ENETUNREACH);

  const proof = await isolator.attachContainer(container.id, network.id);

  expect(proof).toMatchObject({
    containerId: container.id,
    networkId: network.id,
    address: (await container.networks())[0]?.address,
    mechanism: 'namespace-rules',
    policyHash: expect.stringMatching(HEX_256),
    rulesetHash: expect.stringMatching(HEX_256),
    generation: expect.any(Number),
    engineVersion: expect.stringMatching(/^\d+\./u),
    kernelVersion: expect.stringMatching(/^\d+\./u),
    runtime: 'runc',
  });
  expect(proof.canaries.map(({ address }) => address)).toEqual([network.gateway, '127.0.0.11', '169.254.169.254']);
  expect(proof.canaries.filter(({ errno }) => errno === 0)).toEqual([]);
  expect(Date.parse(proof.provenAt)).not.toBeNaN();
  expect(JSON.parse(JSON.stringify(proof))).toEqual(proof);
  const info = await isolator.getNetworkInfo(network.id);
  expect(info.containers).toContainEqual(expect.objectContaining({ id: container.id, address: proof.address }));
  expect(info.freeAddresses).toBe(11);

  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(ECONNREFUSED);
  expect(await listener.heard()).toEqual([]);
  await isolator.detachContainer(container.id);
  expect(await container.interfaces()).toEqual(['lo']);
  await isolator.detachContainer(container.id);
  await isolator.attachContainer(container.id, network.id);
  expect(await container.interfaces()).toHaveLength(2);
});

it('changes a policy for those who are attached, and tells what they were refused', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await using listener = await Listener.start(engine, network.name);
  const told: (readonly Denial[])[] = [];
  isolator.events.on('denied', ({ denials }) => told.push(denials));
  const first = await isolator.attachContainer(container.id, network.id);
  expect(await isolator.getDenials(container.id)).toEqual({ denials: [], isTruncated: false });

  await container.connectTo(listener.address, LISTENER_PORT);
  const denied = { address: listener.address, protocol: 'tcp', port: LISTENER_PORT, count: 1, reason: 'neighbour' };
  expect(await isolator.getDenials(container.id)).toMatchObject({ denials: [denied] });
  expect(told).toMatchObject([[denied]]);

  await isolator.updatePolicy(network.id, { allowIntraNetwork: true });
  const second = await isolator.verify(container.id);
  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(0);
  await isolator.updatePolicy(network.name, {});
  const third = await isolator.verify(container.id);
  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(ECONNREFUSED);

  expect(second.generation).toBe(first.generation + 1);
  expect(second.policyHash).not.toBe(first.policyHash);
  expect(third.policyHash).toBe(first.policyHash);
  expect(await isolator.getDenials(container.id)).toMatchObject({ denials: [{ ...denied, count: 2 }] });
  expect(await listener.heard()).toMatchObject([{ protocol: 'tcp', from: first.address }]);
});

it('has one guard in a container, however many ask for it at once, and keeps it for the next network', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();

  await Promise.all([
    isolator.prepare(container.id),
    isolator.prepare(container.id),
    isolator.attachContainer(container.id, network.id),
  ]);

  const isGuard = (name: string): boolean => name.startsWith('guard');
  expect((await listLeftBehind(engine)).filter(isGuard)).toHaveLength(1);
  await isolator.detachContainer(container.id);
  expect((await listLeftBehind(engine)).filter(isGuard)).toHaveLength(1);
  await isolator.close();
  expect(await listLeftBehind(engine)).toEqual([]);
});

it('tells of a container that ended, takes its guard away, and serves its next life anew', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  const lost: unknown[] = [];
  isolator.events.on('lost', (event) => lost.push(event));
  await isolator.attachContainer(container.id, network.id);

  await engine.containers.kill(container.id, 'SIGKILL');
  await waitUntil('the isolator has noticed', () => lost.length > 0 || undefined);

  expect(lost).toEqual([{ containerId: container.id, networkId: network.id, isDisconnected: true }]);
  await expect(isolator.verify(container.id)).rejects.toMatchObject({ code: 'PARACLE_ISOLATION_NOT_ATTACHED' });
  await waitUntil('its guard is gone', async () => (await listLeftBehind(engine)).length === 1 || undefined);
  await engine.containers.start(container.id);
  expect(await container.networks()).toEqual([]);
  await expect(isolator.attachContainer(container.id, network.id)).resolves.toMatchObject({ networkId: network.id });
});

async function findFreeSubnet(engine: Engine, wanted: readonly string[]): Promise<string> {
  const networks = await engine.networks.list();
  const taken = networks.flatMap(({ subnets }) => subnets.map(({ subnet }) => subnet.split('.').slice(0, 2).join('.')));
  const free = wanted.find((subnet) => !taken.includes(subnet.split('.').slice(0, 2).join('.')));
  if (free === undefined) throw new Error(`Expected one of ${wanted.join(', ')} to be free`);
  return free;
}

it('leaves the rules in a container that somebody put on another network before it was detached', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const [network, second] = [await isolator.createNetwork(), await isolator.createNetwork()];
  await using listener = await Listener.start(engine, second.name);
  await isolator.attachContainer(container.id, network.id);
  await engine.networks.connect(second.id, container.id);

  await isolator.detachContainer(container.id);

  expect(await container.networks()).toMatchObject([{ networkId: second.id }]);
  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(ECONNREFUSED);
  expect(await listener.heard()).toEqual([]);
});

it('tells a question to the resolver as one to port 53, and its own questions not at all', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);

  expect(await container.run(['python3', '-c', "import socket; socket.getaddrinfo('example.org', 80)"])).toBe(1);
  await isolator.verify(container.id);

  const { denials } = await isolator.getDenials(container.id);
  const suggestion = { dns: 'engine' };
  expect(denials).toMatchObject([{ address: '127.0.0.11', protocol: 'udp', port: 53, reason: 'dns', suggestion }]);
});

it('keeps what an execution was refused for it, whoever reads all denials meanwhile', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  const told: unknown[] = [];
  isolator.events.on('denied', ({ denials }) => told.push(denials));
  const attachment = await isolator.attach(container.id, network.id);
  await container.connectTo(network.gateway, 443);
  const denied = { address: network.gateway, protocol: 'tcp', port: 443, count: 1, reason: 'host' };

  expect(await isolator.getDenials(container.id)).toMatchObject({ denials: [denied] });
  expect(await attachment.takeDenials()).toMatchObject({ denials: [denied] });

  expect(await attachment.takeDenials()).toEqual({ denials: [], isTruncated: false });
  expect(told).toMatchObject([[denied]]);
});
