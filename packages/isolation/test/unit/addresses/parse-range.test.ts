import { expect, it } from '@jest/globals';
import { formatCidr } from '../../../src/addresses/address-range.js';
import { METADATA_SERVICES } from '../../../src/addresses/metadata-services.js';
import { parseRange, toRange } from '../../../src/addresses/parse-range.js';
import { SPECIAL_RANGES } from '../../../src/addresses/special-ranges.js';

it.each([
  ['10.1.2.3', '10.1.2.3'],
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['1.2.3.4/32', '1.2.3.4'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['fd00:0ec2::/32', 'fd00:ec2::/32'],
  ['::/0', '::/0'],
  ['::', '::'],
  ['::1', '::1'],
  ['::1/128', '::1'],
])('reads %s as %s', (text, canonical) => {
  expect(formatCidr(toRange(text))).toBe(canonical);
});

it.each([
  '0177.1',
  '127.1',
  '0x7f.1',
  '0x7f000001',
  '2130706433',
  '010.0.0.1',
  '1.2.3',
  '1.2.3.4.5',
  '256.1.1.1',
  '',
  ' 1.2.3.4',
  '1.2.3.4 ',
  '1.2.3.4/24/24',
  '٣.1.1.1',
  'localhost',
  '1::2::3',
  '[::1]',
  '1.2.3.4:443',
])('refuses the spelling %j, and says which it takes', (text) => {
  expect(parseRange(text)).toEqual({ problem: expect.stringContaining('four decimal numbers without leading zeros') });
});

it.each([
  ['10.0.0.1/8', 'a range without host bits (10.0.0.0/8)'],
  ['2001:db8::1/32', 'a range without host bits (2001:db8::/32)'],
  ['1.2.3.4/33', 'a prefix length of 0 to 32 without leading zeros'],
  ['1.2.3.0/024', 'a prefix length of 0 to 32 without leading zeros'],
  ['1.2.3.0/', 'a prefix length of 0 to 32 without leading zeros'],
  ['1.2.3.0/-1', 'a prefix length of 0 to 32 without leading zeros'],
  ['::/129', 'a prefix length of 0 to 128 without leading zeros'],
  ['fe80::1%eth0', 'an address without a zone (fe80::1, not fe80::1%eth0)'],
  ['::ffff:1.2.3.4', 'IPv4 in its own spelling (1.2.3.4), not inside of IPv6'],
  ['::ffff:0102:0304', 'IPv4 in its own spelling (1.2.3.4), not inside of IPv6'],
  ['::1.2.3.4', 'IPv4 in its own spelling (1.2.3.4), not inside of IPv6'],
  ['::ffff:0.0.0.0/96', 'IPv4 in its own spelling (0.0.0.0), not inside of IPv6'],
])('refuses %s: %s', (text, problem) => {
  expect(parseRange(text)).toEqual({ problem });
});

it('throws for what should have been checked before', () => {
  expect(() => toRange('127.1')).toThrow(TypeError);
});

it('can read every range that it has built in', () => {
  for (const text of [...METADATA_SERVICES, ...SPECIAL_RANGES]) expect(formatCidr(toRange(text))).toBe(text);
});
