import { expect, it } from '@jest/globals';
import { InvalidConfigError } from '@paracle/core';
import { type NetworkConfig, parseNetworkConfig } from '../../../src/index.js';

const parse = (config: unknown): unknown => Reflect.apply(parseNetworkConfig, undefined, [config]);

it.each<NetworkConfig>([
  { internal: true },
  { driver: 'bridge', subnet: '172.28.0.0/16', internal: true },
  { internal: true, allowInternet: false },
  { internal: true, policy: { allowIntraNetwork: true, allowedPorts: [80, 443], blockedIps: ['10.0.0.0/8'] } },
])('takes the examples of the specification: %j', (config) => {
  expect(parseNetworkConfig(config)).toMatchObject({ driver: 'bridge', internal: true });
});

it('takes every documented option, and takes what it gave', () => {
  const everything: Required<NetworkConfig> = {
    driver: 'bridge',
    subnet: '172.28.0.0/16',
    internal: false,
    allowInternet: true,
    policy: { allowInternet: true, allowedPorts: [443] },
  };
  const resolved = parseNetworkConfig(everything);

  expect(resolved).toMatchObject({
    subnet: '172.28.0.0/16',
    internal: false,
    policy: { allowInternet: true, allowedPorts: ['443/tcp'] },
  });
  expect(parse(resolved)).toEqual(resolved);
});

it.each<[boolean, NetworkConfig]>([
  [true, {}],
  [true, { policy: { dns: 'engine', hostAccess: [80], allowIntraNetwork: true } }],
  [true, { subnet: '172.28.0.0/16', policy: { allowedIps: ['172.28.0.4'] } }],
  [false, { allowInternet: true }],
  [false, { policy: { allowInternet: true } }],
  [false, { policy: { allowedIps: ['10.1.2.3'] } }],
  [false, { internal: false }],
])('has internal: %p by default for %j', (internal, config) => {
  expect(parseNetworkConfig(config).internal).toBe(internal);
});

it.each<[string, unknown]>([
  ['internal is true', { internal: true, allowInternet: true }],
  ['internal is true', { internal: true, policy: { allowInternet: true } }],
  ['internal is true', { internal: true, policy: { allowedIps: ['1.1.1.1'] } }],
  ['say it once', { allowInternet: false, policy: { allowInternet: true } }],
  [
    'blockedIps closes all of it',
    { subnet: '172.28.0.0/16', policy: { allowIntraNetwork: true, blockedIps: ['172.16.0.0/12'] } },
  ],
])('refuses a contradiction: %s, %j', (words, config) => {
  expect(() => parse(config)).toThrow(words);
});

it('lets a part of the own subnet be blocked', () => {
  const config: NetworkConfig = {
    subnet: '172.28.0.0/16',
    policy: { allowIntraNetwork: true, blockedIps: ['172.28.1.0/24'] },
  };

  expect(parseNetworkConfig(config).policy.blockedIps).toEqual(['172.28.1.0/24']);
});

it.each<[string, unknown]>([
  ['"bridge"', { driver: 'overlay' }],
  ['without host bits', { subnet: '172.28.0.1/16' }],
  ['prefix length from 8 to 30', { subnet: '172.28.0.0/31' }],
  ['prefix length from 8 to 30', { subnet: '10.0.0.0/7' }],
  ['subnet of IPv4', { subnet: 'fd00::/64' }],
  ['Did you mean `subnet`?', { subnets: '172.28.0.0/16' }],
  ['Did you mean `policy.allowInternet`?', { policy: { allowInternett: true } }],
])('refuses: %s, %j', (words, config) => {
  expect(() => parse(config)).toThrow(InvalidConfigError);
  expect(() => parse(config)).toThrow(words);
});
