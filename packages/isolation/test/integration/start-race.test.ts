import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { scaled, waitUntil } from '@paracle/test-support';
import { NetworkIsolator } from '../../src/index.js';
import { floodCommand, Listener } from './support/listener.js';
import { TestContainer } from './support/test-container.js';

it('lets no packet out between the start of a container and its rules', async () => {
  await using engine = new Engine();
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await using listener = await Listener.start(engine, network.name);
  const starts = scaled(200);
  let refused = 0;

  for (let start = 0; start < starts; start++) {
    await using container = await TestContainer.start(engine, { command: floodCommand(listener.address) });
    await isolator.attachContainer(container.id, network.id);
    const denials = await waitUntil('it was refused', async () => {
      const { denials: seen } = await isolator.getDenials(container.id);
      return seen.some(({ protocol }) => protocol === 'tcp') && seen.some(({ protocol }) => protocol === 'udp')
        ? seen
        : undefined;
    });
    refused += denials.filter(({ address }) => address === listener.address).length;
    await isolator.detachContainer(container.id);
  }

  expect(refused).toBe(2 * starts);
  expect(await listener.heard()).toEqual([]);
}, 900_000);

it('lets them out where the policy opens the own subnet, so that it was the rules that held them', async () => {
  await using engine = new Engine();
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork({ policy: { allowIntraNetwork: true } });
  await using listener = await Listener.start(engine, network.name);
  await using container = await TestContainer.start(engine, { command: floodCommand(listener.address) });
  const { address } = await isolator.attachContainer(container.id, network.id);

  for (const protocol of ['tcp', 'udp']) {
    await waitUntil(`it is heard by ${protocol}`, async () => {
      return (
        (await listener.heard()).some((heard) => heard.protocol === protocol && heard.from === address) || undefined
      );
    });
  }
  await isolator.updatePolicy(network.id, {});
  const { length } = await listener.heard();
  await waitUntil(
    'it is refused',
    async () => (await isolator.getDenials(container.id)).denials.length > 0 || undefined,
  );
  expect(await listener.heard()).toHaveLength(length);
});
