import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { waitUntil } from '@paracle/test-support';
import { NetworkIsolator } from '../../src/index.js';
import { createAlteringEngine } from './support/altering-engine.js';
import { Gate } from './support/gate.js';
import { listLeftBehind } from './support/left-behind.js';
import { CONNECT, DISCONNECT, Meddler } from './support/meddler.js';
import { TestContainer } from './support/test-container.js';

const DRIFT = 'PARACLE_ISOLATION_DRIFT';
const FAILED = 'PARACLE_ISOLATION_DISCONNECT_FAILED';

const DRIFTED = ['nft', 'insert rule inet paracle output accept'];

it('tells that a container may still be connected, everywhere, and takes it off once the engine does that', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  const where = { containerId: container.id, networkId: network.id };
  const failed = { code: FAILED, details: where };
  const lost: unknown[] = [];
  isolator.events.on('lost', (event) => lost.push(event));
  await isolator.attachContainer(container.id, network.id);
  await container.inNamespace(DRIFTED);
  meddler.refuseToDisconnect();

  await expect(isolator.verify(container.id)).rejects.toMatchObject({
    ...failed,
    cause: { errors: [{ code: DRIFT }, failed] },
  });
  expect(lost).toEqual([{ ...where, isDisconnected: false }]);
  await expect(isolator.verify(container.id)).rejects.toMatchObject(failed);
  await expect(isolator.attachContainer(container.id, network.id)).rejects.toMatchObject(failed);
  await expect(isolator.detachContainer(container.id)).rejects.toMatchObject(failed);
  await expect(isolator.updatePolicy(network.id, {})).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_POLICY_UNENFORCED',
    details: { stillConnected: [container.id] },
    cause: { errors: [failed] },
  });
  expect(await container.networks()).toHaveLength(1);

  meddler.rest();
  await waitUntil('the container is off the network', () => lost.length > 1);
  expect(await container.networks()).toEqual([]);
  expect(lost).toEqual([false, true].map((isDisconnected) => ({ ...where, isDisconnected })));
  await isolator.updatePolicy(network.id, { dns: 'engine' });
  await isolator.attachContainer(container.id, network.id);
  await isolator.verify(container.id);
});

it('tells which containers a policy did not reach, and which of these may still be connected', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using other = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  for (const { id } of [container, other]) await isolator.attachContainer(id, network.id);
  await container.inNamespace(['nft', 'delete table inet paracle']);
  meddler.refuseToDisconnect();

  await expect(isolator.updatePolicy(network.id, { dns: 'engine' })).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_POLICY_UNENFORCED',
    details: { stillConnected: [container.id] },
    cause: { errors: [{ code: FAILED, cause: { errors: [{ code: DRIFT }, { code: FAILED }] } }] },
  });

  meddler.rest();
  await isolator.detachContainer(container.id);
  expect(await container.networks()).toEqual([]);
  await isolator.verify(other.id);
  await other.inNamespace(['nft', 'delete table inet paracle']);
  await expect(isolator.updatePolicy(network.id, {})).rejects.toMatchObject({
    code: 'PARACLE_ISOLATION_POLICY_UNENFORCED',
    details: { stillConnected: [] },
    cause: { errors: [{ code: DRIFT }] },
  });
  expect(await other.networks()).toEqual([]);
});

it('keeps to it that an attachment which failed must be undone', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine, prefixLength: 20 });
  const network = await isolator.createNetwork();
  const lost: unknown[] = [];
  isolator.events.on('lost', (event) => lost.push(event));
  meddler.once(CONNECT, ({ body }) => {
    Reflect.deleteProperty(body, 'EndpointConfig');
    meddler.refuseToDisconnect();
  });

  await expect(isolator.attachContainer(container.id, network.id)).rejects.toMatchObject({
    code: FAILED,
    cause: { errors: [{ code: DRIFT }, { code: FAILED }] },
  });
  await expect(isolator.updatePolicy(network.id, {})).rejects.toMatchObject({
    details: { stillConnected: [container.id] },
  });
  expect(await container.networks()).toHaveLength(1);

  meddler.rest();
  await waitUntil('the container is off the network', async () => (await container.networks()).length === 0);
  await isolator.attachContainer(container.id, network.id);
  expect(lost).toEqual([]);
});

it('tells of a container that ended and keeps its network, and takes it away before somebody starts it', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  const lost: unknown[] = [];
  isolator.events.on('lost', ({ isDisconnected }) => lost.push(isDisconnected));
  await isolator.attachContainer(container.id, network.id);
  meddler.refuseToDisconnect();

  await engine.containers.kill(container.id, 'SIGKILL');
  await waitUntil('that is told', () => lost.length > 0);
  meddler.rest();
  await waitUntil('the container is off the network', () => lost.length > 1);

  await engine.containers.start(container.id);
  expect(await container.networks()).toEqual([]);
  expect(lost).toEqual([false, true]);
});

it('says when it closes that a container is still connected, and can be closed again', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);
  await container.inNamespace(DRIFTED);
  meddler.refuseToDisconnect();
  await expect(isolator.verify(container.id)).rejects.toMatchObject({ code: FAILED });

  const failures = { cause: { errors: expect.arrayContaining([expect.objectContaining({ code: FAILED })]) } };
  await expect(isolator.cleanupAll()).rejects.toMatchObject(failures);
  await expect(isolator.close()).rejects.toMatchObject(failures);

  meddler.rest();
  await isolator.close();
  expect(await container.networks()).toEqual([]);
  expect(await listLeftBehind(engine)).toEqual([]);
});

it('lets nobody take a container for free that is just being taken off its network', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.id, network.id);
  await container.inNamespace(DRIFTED);
  const gate = new Gate();
  meddler.once(DISCONNECT, async () => gate.pass());
  const done: string[] = [];

  const verified = isolator.verify(container.id).catch((error: unknown) => error);
  await gate.reached;
  const others = [
    isolator.detachContainer(container.id).then(() => done.push('detached')),
    isolator.updatePolicy(network.id, {}).then(() => done.push('updated')),
  ];
  // More than either asks the engine.
  for (let call = 0; call < 5; call++) expect(await container.networks()).toHaveLength(1);
  expect(done).toEqual([]);
  gate.open();

  expect(await verified).toMatchObject({ code: DRIFT });
  await Promise.all(others);
  expect(await container.networks()).toEqual([]);
});

/** Has the engine break off the first attempt to disconnect, and hold up the second. */
function holdUpRetry(meddler: Meddler): Gate {
  const gate = new Gate();
  meddler.once(DISCONNECT, () => {
    meddler.once(DISCONNECT, async () => gate.pass());
    throw new Error('The engine is not there');
  });
  return gate;
}

it('takes no later network away for the one that could not be taken away', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using real = new Engine();
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(real);
  await using isolator = new NetworkIsolator({ engine });
  const [first, second] = [await isolator.createNetwork(), await isolator.createNetwork()];
  await isolator.attachContainer(container.id, first.id);
  await container.inNamespace(DRIFTED);
  const gate = holdUpRetry(meddler);
  await expect(isolator.verify(container.id)).rejects.toMatchObject({ code: FAILED });
  await gate.reached;

  await real.networks.disconnect(first.id, container.id);
  const attached = isolator.attachContainer(container.id, second.id);
  // It waits for the attempt that is under way; long enough for one that would not.
  await Promise.race([attached, delay(1500)]);
  gate.open();

  await attached;
  for (let look = 0; look < 5; look++) await isolator.verify(container.id);
  expect(await container.networks()).toMatchObject([{ networkId: second.id }]);
});

it('undoes no more than the attachment that failed, however often it tries', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using real = new Engine();
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(real);
  await using isolator = new NetworkIsolator({ engine, prefixLength: 20 });
  const network = await isolator.createNetwork();
  const gates: Gate[] = [];
  meddler.once(CONNECT, ({ body }) => {
    Reflect.deleteProperty(body, 'EndpointConfig');
    gates.push(holdUpRetry(meddler));
  });
  await expect(isolator.attachContainer(container.id, network.id)).rejects.toMatchObject({ code: FAILED });
  const [gate] = gates;
  await gate?.reached;

  await real.networks.disconnect(network.id, container.id);
  await real.networks.connect('bridge', container.id);
  gate?.open();

  await isolator.detachContainer(container.id);
  expect(await container.networks()).toMatchObject([{ name: 'bridge' }]);
});
