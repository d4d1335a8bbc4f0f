import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { callEngine, waitUntil } from '@paracle/test-support';
import { compileRuleset, NetworkIsolator } from '../../src/index.js';
import { createAlteringEngine, type PassingCall } from './support/altering-engine.js';
import { listLeftBehind } from './support/left-behind.js';
import { LISTENER_PORT, Listener } from './support/listener.js';
import {
  CONNECT,
  CREATE_CONTAINER,
  CREATE_NETWORK,
  DISCONNECT,
  INSPECT,
  LEAVE_NONE,
  Meddler,
} from './support/meddler.js';
import { TestContainer } from './support/test-container.js';

const ECONNREFUSED = 111;

const OTHER_NETWORKS: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
  ['has a way out', { Internal: false }, 'internal is false'],
  ['has other addresses', { IPAM: { Config: [{ Subnet: '198.51.100.240/29' }] } }, 'its subnets are 198.51.100.240/29'],
  [
    'has IPv6',
    { EnableIPv6: true, IPAM: { Config: [{ Subnet: '198.51.100.240/29' }, { Subnet: 'fd12:3456:789a::/64' }] } },
    'it has IPv6',
  ],
];

it.each(OTHER_NETWORKS)(
  'hands out no network that %s against its config, and removes it',
  async (_what, body, says) => {
    const meddler = new Meddler();
    await using altering = await createAlteringEngine(meddler.watch);
    await using engine = new Engine({ endpoint: altering.endpoint });
    await using isolator = new NetworkIsolator({ engine });
    await isolator.createNetwork();
    const before = await listLeftBehind(engine);
    meddler.once(CREATE_NETWORK, (call) => void Object.assign(call.body, body));

    await expect(isolator.createNetwork()).rejects.toMatchObject({
      code: 'PARACLE_ISOLATION_NETWORK_UNENFORCED',
      message: expect.stringContaining(says),
    });

    expect(await listLeftBehind(engine)).toEqual(before);
  },
);

const toHostConfig = (call: PassingCall, change: object): void => {
  call.body['HostConfig'] = { ...Object(call.body['HostConfig']), ...change };
};

/** An engine that does something else than it was asked for while a container is attached. */
const ALTERATIONS: readonly (readonly [string, RegExp, (call: PassingCall) => void, string])[] = [
  ['gives another address', CONNECT, (call) => void Reflect.deleteProperty(call.body, 'EndpointConfig'), 'DRIFT'],
  [
    'gives the guard no right to load rules',
    CREATE_CONTAINER,
    (call) => toHostConfig(call, { CapAdd: [] }),
    'GUARD_FAILED',
  ],
  ['puts the guard nowhere', CREATE_CONTAINER, (call) => toHostConfig(call, { NetworkMode: 'none' }), 'DRIFT'],
  ['puts the guard elsewhere', CREATE_CONTAINER, (call) => toHostConfig(call, { NetworkMode: 'bridge' }), 'DRIFT'],
];

it.each(ALTERATIONS)(
  'leaves a container without a network where the engine %s',
  async (_what, pattern, alter, code) => {
    const meddler = new Meddler();
    await using altering = await createAlteringEngine(meddler.watch);
    await using engine = new Engine({ endpoint: altering.endpoint });
    await using container = await TestContainer.start(engine);
    // So many addresses that the engine hardly chooses the one that was asked for.
    await using isolator = new NetworkIsolator({ engine, prefixLength: 20 });
    const network = await isolator.createNetwork();
    meddler.once(pattern, alter);

    await expect(isolator.attachContainer(container.id, network.id)).rejects.toMatchObject({
      code: `PARACLE_ISOLATION_${code}`,
    });

    expect(await container.interfaces()).toEqual(['lo']);
    await isolator.close();
    expect(await listLeftBehind(engine)).toEqual([]);
  },
);

/** Where an attachment is given up, and whether it was too late for that. */
const MOMENTS: readonly (readonly [string, RegExp, 'rejected' | 'fulfilled'])[] = [
  ['the guard is made', CREATE_CONTAINER, 'rejected'],
  ['the guard is started', /^POST \/containers\/[^/]+\/start$/u, 'rejected'],
  ['it leaves none', LEAVE_NONE, 'rejected'],
  ['it is connected', CONNECT, 'fulfilled'],
];

it.each(MOMENTS)('attaches wholly or not at all when given up while %s', async (_moment, pattern, status) => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  const controller = new AbortController();
  const reason = new Error('given up');
  meddler.once(pattern, () => controller.abort(reason));

  const [outcome] = await Promise.allSettled([
    isolator.attachContainer(container.id, network.id, { signal: controller.signal }),
  ]);

  expect(outcome).toMatchObject(status === 'rejected' ? { status, reason } : { status });
  expect(await container.interfaces()).toHaveLength(status === 'rejected' ? 1 : 2);
  if (status === 'rejected') await isolator.attachContainer(container.id, network.id);
  await isolator.verify(container.id);
  await isolator.close();
  expect(await container.interfaces()).toEqual(['lo']);
  expect(await listLeftBehind(engine)).toEqual([]);
});

/** What others do in the middle of an attachment. */
const MISHAPS: readonly (readonly [
  string,
  RegExp,
  (engine: Engine, containerId: string, networkId: string) => Promise<void>,
])[] = [
  ['the network is removed', INSPECT, async (engine, _container, network) => engine.networks.remove(network)],
  ['the container is killed', CONNECT, async (engine, id) => engine.containers.kill(id, 'SIGKILL')],
  [
    'the container is restarted',
    CONNECT,
    async (engine, id) => callEngine(engine, 'POST', `/containers/${id}/restart?t=0`),
  ],
  [
    'the container is restarted before it is looked at',
    INSPECT,
    async (engine, id) => callEngine(engine, 'POST', `/containers/${id}/restart?t=0`),
  ],
];

it.each(MISHAPS)('leaves nothing half done when %s meanwhile', async (_what, pattern, act) => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using real = new Engine();
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(real);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.prepare(container.id);
  meddler.once(pattern, () => act(real, container.id, network.id));

  const [outcome] = await Promise.allSettled([isolator.attach(container.id, network.id)]);

  await real.containers.start(container.id);
  expect(outcome.status).toBe('rejected');
  expect(await container.networks()).toEqual([]);
  await isolator.close();
  expect(await container.networks()).toEqual([]);
  expect(await listLeftBehind(engine)).toEqual([]);
});

it('does not take rules for its own that somebody else loaded while it attached', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  const { subnet, gateway } = network;
  const open = compileRuleset(
    { allowIntraNetwork: true },
    { subnets: [subnet], addresses: [gateway], gateways: [gateway], generation: 1 },
  );
  meddler.once(CONNECT, () => container.inNamespace(['nft', open]));

  await expect(isolator.attachContainer(container.id, network.id)).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_DRIFT',
    message: expect.stringContaining('somebody else loaded rules'),
  });

  expect(await container.interfaces()).toEqual(['lo']);
});

it('puts a policy in force also for a container that is being attached while it changes', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork({ policy: { allowIntraNetwork: true } });
  await using listener = await Listener.start(engine, network.name);
  const changes: Promise<void>[] = [];
  meddler.once(CONNECT, () => void changes.push(isolator.updatePolicy(network.id, {})));

  await isolator.attachContainer(container.id, network.id);
  await Promise.all(changes);

  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(ECONNREFUSED);
  await expect(isolator.verify(container.id)).resolves.toMatchObject({ containerId: container.id });
});

it('takes a network that it could not take at first as soon as the engine answers', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);
  await container.inNamespace(['nft', 'insert rule inet paracle output accept']);
  meddler.once(DISCONNECT, () => {
    throw new Error('The engine is not there');
  });

  await expect(isolator.verify(container.id)).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_DISCONNECT_FAILED',
    cause: { errors: [{ code: 'PARACLE_ISOLATION_DRIFT' }, { code: 'PARACLE_ISOLATION_DISCONNECT_FAILED' }] },
  });

  await waitUntil('the network is gone', async () => (await container.networks()).length === 0);
});

it('takes the network of an attachment that failed as soon as the engine answers', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine, prefixLength: 20 });
  const network = await isolator.createNetwork();
  meddler.once(CONNECT, (call) => {
    Reflect.deleteProperty(call.body, 'EndpointConfig');
    meddler.once(DISCONNECT, () => {
      throw new Error('The engine is not there');
    });
  });

  await expect(isolator.attachContainer(container.id, network.id)).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_DISCONNECT_FAILED',
    cause: { errors: [{ code: 'PARACLE_ISOLATION_DRIFT' }, { code: 'PARACLE_ISOLATION_DISCONNECT_FAILED' }] },
  });

  await waitUntil('the network is gone', async () => (await container.networks()).length === 0);
});

it('does not wait with a policy for what happens to other networks', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  // Were it waited for, neither would ever end.
  meddler.once(CREATE_NETWORK, () => isolator.updatePolicy(network.id, { dns: 'engine' }));

  await expect(isolator.createNetwork()).resolves.toMatchObject({ internal: true });
});
