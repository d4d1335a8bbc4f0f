import { expect, it } from '@jest/globals';
import { capacityOf, chooseAddress } from '../../../src/isolator/choose-address.js';

const network = { name: 'n', subnet: '198.18.0.0/29', gateway: '198.18.0.1' };

it('gives away every address but the first, the last and the gateway, each once', () => {
  const taken = new Set<string>();
  for (let count = 0; count < capacityOf(network.subnet); count++) taken.add(chooseAddress(network, taken));
  expect([...taken].sort()).toEqual(['198.18.0.2', '198.18.0.3', '198.18.0.4', '198.18.0.5', '198.18.0.6']);
});

it('says so where the network is full', () => {
  const taken = new Set(['198.18.0.2']);
  const small = { name: 'n', subnet: '198.18.0.0/30', gateway: '198.18.0.1' };
  expect(() => chooseAddress(small, taken)).toThrow(
    expect.objectContaining({
      code: 'PARACLE_ISOLATION_NETWORK_FULL',
      message: expect.stringContaining('1 containers'),
    }),
  );
});
