import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { NetworkIsolator } from '../../src/index.js';
import { LISTENER_PORT, Listener } from './support/listener.js';
import { TestContainer } from './support/test-container.js';

const ECONNREFUSED = 111;

/** Half of each /24, so that no two become one. */
const RANGES = Array.from({ length: 5000 }, (_, index) => `9.${Math.floor(index / 256)}.${index % 256}.0/25`);

it('holds a container to a policy of 5,000 ranges, and to the next one', async () => {
  await using engine = new Engine();
  await using container = await TestContainer.start(engine);
  await using isolator = new NetworkIsolator({ engine });
  await using other = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork({ policy: { allowIntraNetwork: true, blockedIps: RANGES } });
  await using listener = await Listener.start(engine, network.name);

  await isolator.attachContainer(container.id, network.id);
  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(0);
  await expect(other.getNetworkInfo(network.id)).resolves.toMatchObject({ policy: { blockedIps: RANGES } });
  await isolator.updatePolicy(network.id, { allowIntraNetwork: true, blockedIps: [...RANGES, listener.address] });

  expect(await container.connectTo(listener.address, LISTENER_PORT)).toBe(ECONNREFUSED);
  for (const range of ['9.0.0.1', '9.19.135.126']) {
    expect(await container.connectTo(range, 443)).toBe(ECONNREFUSED);
  }
  await isolator.verify(container.id);
  const { denials } = await isolator.getDenials(container.id);
  expect(denials.map(({ address, reason }) => ({ address, reason }))).toEqual(
    expect.arrayContaining([listener.address, '9.0.0.1'].map((address) => ({ address, reason: 'blocked' }))),
  );
});
