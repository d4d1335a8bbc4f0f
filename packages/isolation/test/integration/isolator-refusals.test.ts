import { execFileSync } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { NetworkIsolator, type NetworkPolicy } from '../../src/index.js';
import { findGuards } from './support/find-guards.js';
import { listLeftBehind } from './support/left-behind.js';
import { TestContainer } from './support/test-container.js';

/** For tests and documents (RFC 5737), so nobody's. */
const ROUTED = '198.51.100.0/25';

it('does not know a network that is nobody’s, another isolator’s, or not ours at all', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  await using other = new NetworkIsolator({ engine });
  const foreign = await other.createNetwork({ policy: { blockedIps: ['9.9.9.9'] } });
  const notFound = { code: 'PARACLE_ISOLATION_NETWORK_NOT_FOUND' };

  for (const network of ['nobodys', 'bridge', foreign.id, foreign.name]) {
    await expect(isolator.attachContainer(container.id, network)).rejects.toMatchObject(notFound);
    await expect(isolator.updatePolicy(network, {})).rejects.toMatchObject(notFound);
  }
  for (const network of ['nobodys', 'bridge']) {
    await expect(isolator.getNetworkInfo(network)).rejects.toMatchObject(notFound);
  }
  await expect(isolator.getNetworkInfo(foreign.id)).resolves.toMatchObject({
    isOwn: false,
    policy: { blockedIps: ['9.9.9.9'] },
  });
  expect(await container.networks()).toEqual([]);
});

it('does not know a container that is not there, or not attached', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  const missing = { code: 'PARACLE_ENGINE_CONTAINER_NOT_FOUND' };
  const notAttached = { code: 'PARACLE_ISOLATION_NOT_ATTACHED' };

  for (const call of [
    isolator.attachContainer('paracle-nobody', network.id),
    isolator.prepare('paracle-nobody'),
    isolator.verify('paracle-nobody'),
  ]) {
    await expect(call).rejects.toMatchObject(missing);
  }
  await expect(isolator.attach('paracle-nobody', network.id)).rejects.toMatchObject(missing);
  await expect(isolator.verify(container.id)).rejects.toMatchObject(notAttached);
  await expect(isolator.getDenials(container.id)).rejects.toMatchObject(notAttached);
});

it('attaches a container once', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const [first, second] = await Promise.all([isolator.createNetwork(), isolator.createNetwork()]);

  const outcomes = await Promise.allSettled(
    [first, first, second].map(async ({ id }) => isolator.attachContainer(container.id, id)),
  );

  const refusals = outcomes.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const refused = { code: 'PARACLE_ISOLATION_ALREADY_ATTACHED' };
  expect(refusals).toMatchObject([refused, refused]);
  expect(await container.networks()).toHaveLength(1);
  await expect(isolator.verify(container.id)).resolves.toMatchObject({ containerId: container.id });
});

const WIDER_POLICIES: readonly NetworkPolicy[] = [{ allowInternet: true }, { allowedIps: ['9.9.9.9'] }];

it.each(WIDER_POLICIES)(
  'makes no internal network for a policy that opens a way out, and keeps it closed: %j',
  async (policy) => {
    await using engine = new Engine();
    await using container = await TestContainer.start(engine);
    await using isolator = new NetworkIsolator({ engine });
    await expect(isolator.createNetwork({ internal: true, policy })).rejects.toMatchObject({
      code: 'PARACLE_CORE_CONFIG_INVALID',
      message: expect.stringContaining('internal is true'),
    });
    const network = await isolator.createNetwork();
    const before = await isolator.attachContainer(container.id, network.id);

    await expect(isolator.updatePolicy(network.id, policy)).rejects.toMatchObject({
      code: 'PARACLE_ISOLATION_POLICY_CONTRADICTION',
    });

    const { provenAt: _before, ...same } = before;
    const after = await isolator.verify(container.id);
    expect(after).toMatchObject({
      policyHash: same.policyHash,
      generation: same.generation,
      rulesetHash: same.rulesetHash,
    });
  },
);

it('refuses malformed options, networks and policies before it asks the engine', async () => {
  await using engine = new Engine({ endpoint: 'unix:///nonexistent/paracle.sock' });
  await using isolator = new NetworkIsolator({ engine });
  const invalid = { code: 'PARACLE_CORE_CONFIG_INVALID' };
  const misspelt: object = { polcy: {} };

  await expect(isolator.createNetwork(misspelt)).rejects.toMatchObject({
    ...invalid,
    message: expect.stringContaining('policy'),
  });
  for (const subnet of ['10.1.2.3/16', '10.0.0.0/31', 'fd00::/64', '010.0.0.0/8', '']) {
    await expect(isolator.createNetwork({ subnet })).rejects.toMatchObject(invalid);
  }
  for (const options of [{ prefixLength: 31 }, { prefixLength: 7 }, { pool: [] }]) {
    expect(() => new NetworkIsolator({ engine, ...options })).toThrow(expect.objectContaining(invalid));
  }
});

it('gives away no subnet that a network has', async () => {
  await using engine = new Engine();
  await using isolator = new NetworkIsolator({ engine });
  await using other = new NetworkIsolator({ engine });
  const network = await other.createNetwork();

  await expect(isolator.createNetwork({ subnet: network.subnet })).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_SUBNET_TAKEN',
    message: expect.stringContaining(network.name),
  });
});

it('gives away no subnet to which the host has a route', async () => {
  await using engine = new Engine();
  await using isolator = new NetworkIsolator({ engine });
  const device = `pt-${process.pid}`;
  execFileSync('ip', ['link', 'add', device, 'type', 'bridge']);
  try {
    execFileSync('ip', ['link', 'set', device, 'up']);
    execFileSync('ip', ['route', 'add', ROUTED, 'dev', device]);

    await expect(isolator.createNetwork({ subnet: '198.51.100.64/28' })).rejects.toMatchObject({
      code: 'PARACLE_ISOLATION_SUBNET_TAKEN',
      message: expect.stringContaining(`route by ${device}`),
    });
  } finally {
    execFileSync('ip', ['link', 'delete', device]);
  }
});

it('says who holds what when its pools have no subnet left', async () => {
  await using engine = new Engine();
  await using isolator = new NetworkIsolator({ engine, pools: ['198.51.100.128/29'], prefixLength: 30 });
  const networks = [await isolator.createNetwork(), await isolator.createNetwork()];

  await expect(isolator.createNetwork()).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_POOLS_EXHAUSTED',
    holders: expect.arrayContaining(networks.map(({ name, subnet }) => ({ subnet, holder: `network ${name}` }))),
  });
  await isolator.cleanupAll();
  await expect(isolator.createNetwork()).resolves.toMatchObject({ internal: true });
});

it('has room for one container in the smallest network, and for the next when that one leaves', async () => {
  await using engine = new Engine();
  await using first = await TestContainer.start(engine);
  await using second = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine, prefixLength: 30 });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(first.id, network.id);
  await expect(isolator.getNetworkInfo(network.id)).resolves.toMatchObject({ freeAddresses: 0 });

  await expect(isolator.attachContainer(second.id, network.id)).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_NETWORK_FULL',
  });

  expect(await second.interfaces()).toEqual(['lo']);
  await isolator.detachContainer(first.id);
  await expect(isolator.attachContainer(second.id, network.id)).resolves.toMatchObject({ containerId: second.id });
});

const UNENFORCEABLE: readonly { readonly hostConfig: Readonly<Record<string, unknown>>; readonly says: string }[] = [
  { hostConfig: { CapDrop: [] }, says: 'NET_RAW' },
  { hostConfig: { CapAdd: ['NET_ADMIN'] }, says: 'NET_ADMIN' },
  { hostConfig: { CapDrop: [], CapAdd: ['ALL'] }, says: 'NET_RAW, NET_ADMIN' },
  { hostConfig: { Privileged: true }, says: 'privileged' },
  { hostConfig: { RestartPolicy: { Name: 'always' } }, says: 'always' },
  { hostConfig: { NetworkMode: 'host' }, says: 'host' },
  { hostConfig: { NetworkMode: 'bridge' }, says: 'it is on bridge already' },
];

it('attaches no container that its rules would not hold, and leaves it as it was', async () => {
  await using engine = new Engine();
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  for (const { says, hostConfig } of UNENFORCEABLE) {
    await using container = await TestContainer.start(engine, { hostConfig });
    const before = await container.networks();

    const outcome = await isolator.attachContainer(container.id, network.id).catch((error: unknown) => error);

    expect({ hostConfig, outcome }).toMatchObject({
      outcome: { code: 'PARACLE_ISOLATION_UNENFORCEABLE', message: expect.stringContaining(says) },
    });
    expect(await container.networks()).toEqual(before);
    expect(await findGuards(engine, container.id)).toEqual([]);
  }
});

it('attaches no container that has stopped, never ran, is paused, or has another’s network', async () => {
  await using engine = new Engine();
  await using stopped = await TestContainer.start(engine, { command: ['true'] });
  await engine.containers.wait(stopped.id);
  await using created = await TestContainer.create(engine);
  await using paused = await TestContainer.start(engine);
  await using joined = await TestContainer.start(engine, { hostConfig: { NetworkMode: `container:${paused.id}` } });
  await engine.containers.pause(paused.id);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();

  for (const [{ id }, says] of [
    [stopped, 'exited'],
    [created, 'created'],
    [paused, 'paused'],
    [joined, 'container:'],
  ] as const) {
    await expect(isolator.attachContainer(id, network.id)).rejects.toMatchObject({
      code: 'PARACLE_ISOLATION_UNENFORCEABLE',
      message: expect.stringContaining(says),
    });
  }
  await engine.containers.unpause(paused.id);
  await expect(isolator.attachContainer(paused.id, network.id)).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_UNENFORCEABLE',
    message: expect.stringContaining('shares its network'),
  });
  expect(await findGuards(engine, paused.id)).toEqual([]);
  await engine.containers.remove(joined.id, { force: true });
  await expect(isolator.attachContainer(paused.id, network.id)).resolves.toMatchObject({ containerId: paused.id });
});

it('does nothing once it was closed, and can be closed again', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);
  await Promise.all([isolator.close(), isolator.close()]);
  await isolator.close();
  const closed = { code: 'PARACLE_ISOLATION_CLOSED' };

  await expect(isolator.createNetwork()).rejects.toMatchObject(closed);
  await expect(isolator.attachContainer(container.id, network.id)).rejects.toMatchObject(closed);
  await expect(isolator.prepare(container.id)).rejects.toMatchObject(closed);
  await expect(isolator.updatePolicy(network.id, {})).rejects.toMatchObject(closed);
  await expect(isolator.verify(container.id)).rejects.toMatchObject(closed);
  await expect(isolator.getDenials(container.id)).rejects.toMatchObject(closed);
  await expect(isolator.getNetworkInfo(network.id)).rejects.toMatchObject(closed);
  expect(await container.interfaces()).toEqual(['lo']);
  expect(await listLeftBehind(engine)).toEqual([]);
});

it('makes what is under way when it is closed, and removes it', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  const underWay = Promise.allSettled([isolator.createNetwork(), isolator.attach(container.id, network.id)]);

  await isolator.close();

  expect(await listLeftBehind(engine)).toEqual([]);
  expect(await container.networks()).toEqual([]);
  expect(await underWay).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
});

it('takes its network from somebody else who is on it when it cleans up', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  const isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);
  await using stranger = await TestContainer.start(engine, { hostConfig: { NetworkMode: network.name } });

  await isolator.close();

  expect(await container.interfaces()).toEqual(['lo']);
  expect(await stranger.interfaces()).toEqual(['lo']);
  expect(await listLeftBehind(engine)).toEqual([]);
});

it('says that a network is gone which somebody else removed', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await engine.networks.remove(network.id);
  const gone = { code: 'PARACLE_ISOLATION_NETWORK_NOT_FOUND' };

  await expect(isolator.attachContainer(container.id, network.id)).rejects.toMatchObject(gone);
  await expect(isolator.getNetworkInfo(network.id)).rejects.toMatchObject(gone);
  expect(await container.interfaces()).toEqual(['lo']);
});
