import { expect, it } from '@jest/globals';
import { InvalidConfigError } from '@paracle/core';
import { doOverlap } from '../../../src/addresses/address-range.js';
import { toRange } from '../../../src/addresses/parse-range.js';
import { chooseSubnet, SubnetPoolsExhaustedError } from '../../../src/index.js';
import { createRandom } from '../support/random.js';

const held = (...subnets: readonly string[]) => subnets.map((subnet) => ({ subnet, holder: 'network other' }));

it('chooses 16 addresses of its own pool by default', () => {
  expect(chooseSubnet({ random: () => 0 })).toBe('198.18.0.0/28');
  expect(chooseSubnet({ random: () => 0.999_999 })).toBe('198.19.255.240/28');
});

it.each([
  '10.0.0.0/8',
  ...Array.from({ length: 15 }, (_value, index) => `172.${17 + index}.0.0/16`),
  '192.168.0.0/16',
  '100.64.0.0/10',
])('has no default pool in %s', (range) => {
  const first = chooseSubnet();
  const second = chooseSubnet({ taken: held('198.18.0.0/15') });

  expect([first, second].some((subnet) => doOverlap(toRange(subnet), toRange(range)))).toBe(false);
});

it('goes to the next pool when one is taken', () => {
  expect(chooseSubnet({ taken: held('198.18.0.0/15'), random: () => 0 })).toBe('172.16.0.0/28');
});

it('gives every subnet once, whatever is drawn, until the pool is empty', () => {
  const random = createRandom(7);
  const options = { pools: ['172.28.0.0/24'], prefixLength: 29, random: () => random(1_000_000) / 1_000_000 };
  const taken = held('172.28.0.3', '172.28.0.64/27', '172.28.0.200');
  const chosen: string[] = [];
  for (let index = 0; index < 26; index += 1)
    chosen.push(chooseSubnet({ ...options, taken: [...taken, ...held(...chosen)] }));

  const ranges = [...chosen, ...taken.map(({ subnet }) => subnet)].map(toRange);
  expect(new Set(chosen).size).toBe(26);
  expect(ranges.every((range, index) => ranges.every((other, at) => at === index || !doOverlap(range, other)))).toBe(
    true,
  );
  expect(() => chooseSubnet({ ...options, taken: [...taken, ...held(...chosen)] })).toThrow(SubnetPoolsExhaustedError);
});

it('does not take a route to everything for a holder, whole or in halves', () => {
  expect(chooseSubnet({ taken: held('0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '::/0'), random: () => 0 })).toBe(
    '198.18.0.0/28',
  );
});

it('says who holds what when nothing is free, and names no others', () => {
  const taken = [
    { subnet: '172.28.0.0/25', holder: 'network web' },
    { subnet: '172.28.0.200', holder: 'route by tun0' },
    { subnet: '10.0.0.0/8', holder: 'route by eth1' },
    { subnet: '0.0.0.0/0', holder: 'default route' },
  ];
  const choose = (): string => chooseSubnet({ pools: ['172.28.0.0/24'], prefixLength: 25, taken });

  expect(choose).toThrow('172.28.0.0/25 (network web), 172.28.0.200 (route by tun0)');
  expect(choose).toThrow(
    expect.objectContaining({ code: 'PARACLE_ISOLATION_POOLS_EXHAUSTED', holders: taken.slice(0, 2) }),
  );
});

it('says so when a pool is smaller than a subnet', () => {
  expect(() => chooseSubnet({ pools: ['172.28.0.0/24'], prefixLength: 20 })).toThrow('the pools are too small');
});

it.each<[string, unknown]>([
  ['pools', { pools: [] }],
  ['pools[0]', { pools: ['fd00::/64'] }],
  ['pools[0]', { pools: ['10.0.0.1/8'] }],
  ['prefixLength', { prefixLength: 31 }],
  ['taken[0].subnet', { taken: [{ subnet: '127.1', holder: 'x' }] }],
  ['random', { random: 0.5 }],
  ['Did you mean `pools`?', { pool: [] }],
])('refuses a wrong %s', (name, options) => {
  const choose = (): unknown => Reflect.apply(chooseSubnet, undefined, [options]);

  expect(choose).toThrow(InvalidConfigError);
  expect(choose).toThrow(name);
});
