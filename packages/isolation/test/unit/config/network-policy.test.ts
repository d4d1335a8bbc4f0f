import { expect, it } from '@jest/globals';
import { InvalidConfigError } from '@paracle/core';
import { type NetworkPolicy, parseNetworkPolicy } from '../../../src/index.js';

const parse = (policy: unknown): unknown => Reflect.apply(parseNetworkPolicy, undefined, [policy]);

it('takes the example of the specification', () => {
  expect(
    parseNetworkPolicy({
      allowInternet: false,
      allowIntraNetwork: true,
      allowedPorts: [80, 443],
      blockedIps: ['10.0.0.0/8'],
    }),
  ).toMatchObject({ allowIntraNetwork: true, allowedPorts: ['80/tcp', '443/tcp'], blockedIps: ['10.0.0.0/8'] });
});

it('takes every documented option, spells it in one way, and takes what it gave', () => {
  const everything: Required<NetworkPolicy> = {
    allowInternet: true,
    allowIntraNetwork: true,
    allowedPorts: [443, '443/udp', '22/tcp'],
    allowedIps: ['10.1.2.3', { cidr: '10.2.0.0/16', ports: [5432, '53/udp'] }, '2001:DB8::0:1', { cidr: '1.1.1.1' }],
    blockedIps: ['9.9.9.0/24', '1.2.3.4/32'],
    dns: 'engine',
    hostAccess: [8080],
  };
  const resolved = parseNetworkPolicy(everything);

  expect(resolved).toEqual({
    ...everything,
    allowedPorts: ['443/tcp', '443/udp', '22/tcp'],
    allowedIps: [
      { cidr: '10.1.2.3' },
      { cidr: '10.2.0.0/16', ports: ['5432/tcp', '53/udp'] },
      { cidr: '2001:db8::1' },
      { cidr: '1.1.1.1' },
    ],
    blockedIps: ['9.9.9.0/24', '1.2.3.4'],
    hostAccess: ['8080/tcp'],
  });
  expect(parse(resolved)).toEqual(resolved);
});

it('is closed by default, and frozen', () => {
  const policy = parseNetworkPolicy({});

  expect(policy).toEqual({
    allowInternet: false,
    allowIntraNetwork: false,
    allowedIps: [],
    blockedIps: [],
    dns: 'closed',
    hostAccess: [],
  });
  expect(Object.isFrozen(policy.allowedIps)).toBe(true);
});

it('tells no ports from all ports', () => {
  expect(parseNetworkPolicy({ allowedPorts: [] }).allowedPorts).toEqual([]);
  expect(parseNetworkPolicy({}).allowedPorts).toBeUndefined();
});

it.each<[string, unknown]>([
  ['allowedPorts', { allowedPort: [1] }],
  ['blockedIps', { blockedIPs: [] }],
  ['allowIntraNetwork', { allowIntranetwork: true }],
  ['allowedIps[0].ports', { allowedIps: [{ cidr: '1.1.1.1', port: [1] }] }],
])('refuses a misspelt %s and names it', (name, policy) => {
  expect(() => parse(policy)).toThrow(`Did you mean \`${name}\`?`);
});

it.each<[string, unknown]>([
  ...[0, 65_536, 1.5, -1, NaN, '443', '443/sctp', '0443/tcp', '443/TCP', '1e3', '0x50/tcp', null, {}].map(
    (port): [string, unknown] => ['allowedPorts[0]', { allowedPorts: [port] }],
  ),
  ['hostAccess[0]', { hostAccess: ['65536/udp'] }],
  ['allowedIps[0].ports[0]', { allowedIps: [{ cidr: '1.1.1.1', ports: [0] }] }],
  ['allowedIps[0].cidr', { allowedIps: [{ cidr: '10.0.0.1/8' }] }],
  ['allowedIps[0]', { allowedIps: ['0177.1'] }],
  ['allowedIps[0]', { allowedIps: [7] }],
  ['blockedIps[0]', { blockedIps: ['127.1'] }],
  ['blockedIps', { blockedIps: '10.0.0.0/8' }],
  ['allowInternet', { allowInternet: 'true' }],
  ['dns', { dns: 'open' }],
])('refuses a wrong %s', (name, policy) => {
  expect(() => parse(policy)).toThrow(InvalidConfigError);
  expect(() => parse(policy)).toThrow(name);
});
