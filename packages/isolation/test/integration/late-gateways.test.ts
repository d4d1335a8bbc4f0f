import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { type IsolatedNetwork, NetworkIsolator, type NetworkPolicy } from '../../src/index.js';
import { createAlteringEngine } from './support/altering-engine.js';
import { CONNECT, LIST_NETWORKS, Meddler } from './support/meddler.js';
import { TestContainer } from './support/test-container.js';

const PORT = 9;

/** Opens a range that has the gateways of all networks of an isolator, which are the host. */
const OPEN: NetworkPolicy = { allowedIps: ['198.18.0.0/15'] };
/** Opens a range that has none of them. */
const ELSEWHERE: NetworkPolicy = { allowedIps: ['10.2.0.0/16'] };

/** That rules refuse it; where they do not, the host itself does, and then nothing is told. */
async function expectRefused(isolator: NetworkIsolator, container: TestContainer, gateway: string): Promise<void> {
  await container.connectTo(gateway, PORT);
  const { denials } = await isolator.getDenials(container.id);
  expect(denials).toMatchObject([{ address: gateway, port: PORT, reason: 'host' }]);
}

it('closes the gateway of a network that is made while a container is being attached', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine, pools: ['198.18.0.0/15'] });
  const network = await isolator.createNetwork({ policy: OPEN });
  const later: IsolatedNetwork[] = [];
  meddler.once(CONNECT, async () => later.push(await isolator.createNetwork()));

  await isolator.attachContainer(container.id, network.id);

  await expectRefused(isolator, container, later[0]?.gateway ?? '');
});

it('closes the gateways that a policy opens which comes while the host is asked for its addresses', async () => {
  const meddler = new Meddler();
  await using altering = await createAlteringEngine(meddler.watch);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine, pools: ['198.18.0.0/15'] });
  const network = await isolator.createNetwork({ policy: ELSEWHERE });
  const { gateway } = await isolator.createNetwork();
  const changes: Promise<void>[] = [];
  meddler.once(LIST_NETWORKS, () => void changes.push(isolator.updatePolicy(network.id, OPEN)));

  await isolator.attachContainer(container.id, network.id);
  await Promise.all(changes);

  expect(changes).toHaveLength(1);
  await expectRefused(isolator, container, gateway);
});
