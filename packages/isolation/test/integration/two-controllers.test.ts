import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { NetworkIsolator } from '../../src/index.js';
import { findGuards } from './support/find-guards.js';
import { LISTENER_PORT, Listener } from './support/listener.js';
import { TestContainer } from './support/test-container.js';

const ECONNREFUSED = 111;

it('leaves what another controller made and attached as it is', async () => {
  await using engine = new Engine();
  await using otherEngine = new Engine();
  await using container = await TestContainer.start(engine);
  await using otherContainer = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  await using other = new NetworkIsolator({ engine: otherEngine });
  const [network, otherNetwork] = await Promise.all([
    isolator.createNetwork({ policy: { allowIntraNetwork: true } }),
    other.createNetwork(),
  ]);
  await using listener = await Listener.start(engine, otherNetwork.name);
  const [, proof] = await Promise.all([
    isolator.attachContainer(container.id, network.id),
    other.attachContainer(otherContainer.id, otherNetwork.id),
  ]);

  expect(await otherContainer.connectTo(listener.address, LISTENER_PORT)).toBe(ECONNREFUSED);
  await isolator.updatePolicy(network.id, {});
  await isolator.detachContainer(otherContainer.id);
  await isolator.close();

  expect(await container.networks()).toEqual([]);
  await expect(other.verify(otherContainer.id)).resolves.toMatchObject({ rulesetHash: proof.rulesetHash });
  await expect(other.createNetwork()).resolves.toMatchObject({ internal: true });
});

it('gives a container that both want at once to one of them at most, and to who asks again', async () => {
  await using engine = new Engine();
  await using otherEngine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  await using other = new NetworkIsolator({ engine: otherEngine });
  const [network, otherNetwork] = await Promise.all([isolator.createNetwork(), other.createNetwork()]);

  const outcomes = await Promise.allSettled([
    isolator.attachContainer(container.id, network.id),
    other.attachContainer(container.id, otherNetwork.id),
  ]);

  const attached = outcomes.filter(({ status }) => status === 'fulfilled').length;
  expect(await container.networks()).toHaveLength(attached);
  expect(await findGuards(engine, container.id)).toHaveLength(attached);
  if (attached === 0) await isolator.attachContainer(container.id, network.id);
  expect(await container.networks()).toHaveLength(1);
});
