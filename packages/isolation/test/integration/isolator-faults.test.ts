import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { callEngine, waitUntil } from '@paracle/test-support';
import { NetworkIsolator } from '../../src/index.js';
import { findGuards, killGuard } from './support/find-guards.js';
import { floodCommand, LISTENER_PORT, Listener } from './support/listener.js';
import { TestContainer } from './support/test-container.js';

const ECONNREFUSED = 111;

/** Events of a container that lost its network. */
function watchLosses(isolator: NetworkIsolator): readonly unknown[] {
  const lost: unknown[] = [];
  isolator.events.on('lost', (event) => lost.push(event));
  return lost;
}

it('keeps a policy in force when the guard is killed, and puts another there when it is asked', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await using listener = await Listener.start(engine, network.name);
  const before = await isolator.attachContainer(container.id, network.id);

  const killed = await killGuard(engine, container.id);
  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(ECONNREFUSED);
  const after = await isolator.verify(container.id);

  expect(after).toMatchObject({ rulesetHash: before.rulesetHash, generation: before.generation });
  const guards = await findGuards(engine, container.id);
  expect(guards).toHaveLength(1);
  expect(guards).not.toContain(killed);
  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(ECONNREFUSED);
  expect(await isolator.getDenials(container.id)).toMatchObject({
    denials: [{ address: listener.address, count: 2 }],
    isTruncated: false,
  });
  expect(await listener.heard()).toEqual([]);
});

it('puts one guard in the place of a killed one, however many ask at once', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);
  await killGuard(engine, container.id);

  await Promise.all([
    isolator.prepare(container.id),
    isolator.verify(container.id),
    isolator.prepare(container.id),
    isolator.getDenials(container.id),
  ]);

  expect(await findGuards(engine, container.id)).toHaveLength(1);
});

it('keeps a policy in force when a killed guard is started again by hand', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await using listener = await Listener.start(engine, network.name);
  await isolator.attachContainer(container.id, network.id);

  await engine.containers.start(await killGuard(engine, container.id));
  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(ECONNREFUSED);
  await isolator.updatePolicy(network.id, { dns: 'engine' });
  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(ECONNREFUSED);

  expect(await findGuards(engine, container.id)).toHaveLength(1);
  expect(await listener.heard()).toEqual([]);
});

/** What somebody does by hand, one after the other. */
const ORDERS = [
  ['kill the guard', 'start the guard', 'stop', 'start'],
  ['stop', 'start', 'start the guard', 'stop'],
  ['kill the guard', 'stop', 'start the guard', 'start', 'stop', 'start'],
  ['kill', 'start the guard', 'start', 'kill', 'start'],
] as const;

it.each(ORDERS)('lets no packet out of a container after: %s, %s, %s, …', async (...steps) => {
  await using engine = new Engine();
  await using isolator = new NetworkIsolator({ engine });
  const lost = watchLosses(isolator);
  const network = await isolator.createNetwork();
  await using listener = await Listener.start(engine, network.name);
  await using container = await TestContainer.start(engine, { command: floodCommand(listener.address) });
  await isolator.attachContainer(container.id, network.id);
  await waitUntil(
    'it is refused',
    async () => (await isolator.getDenials(container.id)).denials.length > 0 || undefined,
  );
  const guard = (await findGuards(engine, container.id))[0] ?? '';
  const end = async (ending: Promise<void>): Promise<void> => {
    await ending;
    await waitUntil('the isolator has noticed', () => lost.length > 0 || undefined);
  };
  const acts = {
    'kill the guard': async () => killGuard(engine, container.id),
    // It may have been removed by then, and can't be started where the container has no namespace.
    'start the guard': async () => engine.containers.start(guard).catch(() => undefined),
    kill: async () => end(engine.containers.kill(container.id, 'SIGKILL')),
    stop: async () => end(engine.containers.stop(container.id, { graceSeconds: 0 })),
    start: async () => engine.containers.start(container.id),
  };

  for (const step of steps) await acts[step]();

  expect(await container.networks()).toEqual([]);
  expect(await listener.heard()).toEqual([]);
});

it('takes the network from a container that is restarted in one call', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const lost = watchLosses(isolator);
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);

  await callEngine(engine, 'POST', `/containers/${container.id}/restart?t=0`);
  await waitUntil('the isolator has noticed', () => lost.length > 0 || undefined);

  expect(await container.networks()).toEqual([]);
  expect(await container.interfaces()).toEqual(['lo']);
  expect(lost).toEqual([{ containerId: container.id, networkId: network.id, isDisconnected: true }]);
  await expect(isolator.verify(container.id)).rejects.toMatchObject({ code: 'PARACLE_ISOLATION_NOT_ATTACHED' });
  await expect(isolator.attachContainer(container.id, network.id)).resolves.toMatchObject({ networkId: network.id });
});

const CHANGES = [
  'delete table inet paracle',
  'flush ruleset',
  'flush table inet paracle',
  'insert rule inet paracle output accept',
  'add rule inet paracle allow accept',
  'add set inet paracle more { type ipv4_addr; }',
  'chain inet paracle output { policy accept; }',
  'add table inet paracle { flags dormant; }',
];

it('notices each change of its rules, and takes the network away', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const lost = watchLosses(isolator);
  const network = await isolator.createNetwork();
  const where = { containerId: container.id, networkId: network.id };
  for (const change of CHANGES) {
    await isolator.attachContainer(container.id, network.id);
    await expect(isolator.verify(container.id)).resolves.toMatchObject(where);

    await container.inNamespace(['nft', change]);

    const outcome = await isolator.verify(container.id).catch((error: unknown) => error);
    expect({ change, outcome }).toMatchObject({ outcome: { code: 'PARACLE_ISOLATION_DRIFT', details: where } });
    expect(await container.interfaces()).toEqual(['lo']);
  }
  expect(lost).toEqual(CHANGES.map(() => ({ ...where, isDisconnected: true })));
});

it('notices rules that are gone also when it only reads what was refused', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);
  await container.inNamespace(['nft', 'delete', 'table', 'inet', 'paracle']);

  await expect(isolator.getDenials(container.id)).rejects.toMatchObject({ code: 'PARACLE_ISOLATION_DRIFT' });

  expect(await container.interfaces()).toEqual(['lo']);
});

it('takes all networks from a container that somebody put on another one', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);
  await engine.networks.connect('bridge', container.id);

  await expect(isolator.verify(container.id)).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_DRIFT',
    message: expect.stringContaining('it is on bridge too'),
  });

  expect(await container.networks()).toEqual([]);
  expect(await container.interfaces()).toEqual(['lo']);
});

it('has taken the network away when it tells of the loss', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);
  const found: Promise<readonly unknown[]>[] = [];
  isolator.events.on('lost', () => found.push(container.networks()));

  await container.inNamespace(['nft', 'insert rule inet paracle output accept']);

  await expect(isolator.verify(container.id)).rejects.toMatchObject({ code: 'PARACLE_ISOLATION_DRIFT' });
  expect(await Promise.all(found)).toEqual([[]]);
});

it('leaves the network where a caller gives up looking', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  const attachment = await isolator.attach(container.id, network.id);
  const reason = new Error('given up');

  await expect(attachment.verify({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

  await expect(isolator.verify(container.id)).resolves.toMatchObject({ networkId: network.id });
});
