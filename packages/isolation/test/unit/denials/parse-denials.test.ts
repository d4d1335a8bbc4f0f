import { expect, it } from '@jest/globals';
import { readJournal } from '../../../src/denials/parse-denials.js';
import { type NetworkPolicy, parseDenials, type RulesetContext } from '../../../src/index.js';
import { readNftObjects } from '../../../src/ruleset/read-nft-objects.js';

const context: RulesetContext = {
  subnets: ['198.18.0.0/28'],
  addresses: ['198.18.0.2'],
  gateways: ['198.18.0.1'],
  hostAddresses: ['5.5.5.5'],
  generation: 1,
};
const policy: NetworkPolicy = { allowedIps: ['10.2.0.0/16'], blockedIps: ['9.9.9.9'] };

type Key = readonly [address: string, protocol: string | number, port: number];
const element = (key: readonly unknown[], packets: unknown = 1, expires = 9) => ({
  elem: { val: { concat: key }, timeout: 3600, expires, counter: { packets, bytes: 60 } },
});
const journal = (elem: unknown, name = 'denials4'): string =>
  JSON.stringify({ nftables: [{ metainfo: {} }, { set: { name, elem } }] });
const parseOne = (key: Key, under: NetworkPolicy = policy) =>
  parseDenials(journal([element(key)]), { policy: under, context }).denials[0];

it.each<[Key, string, NetworkPolicy | undefined]>([
  [['1.2.3.4', 'tcp', 443], 'internet', { allowedIps: [{ cidr: '1.2.3.4', ports: ['443/tcp'] }] }],
  [['1.2.3.4', 'udp', 53], 'internet', { allowedIps: [{ cidr: '1.2.3.4', ports: ['53/udp'] }] }],
  [['192.168.1.1', 'tcp', 80], 'special', { allowedIps: [{ cidr: '192.168.1.1', ports: ['80/tcp'] }] }],
  [['169.254.169.254', 'tcp', 80], 'metadata', { allowedIps: [{ cidr: '169.254.169.254', ports: ['80/tcp'] }] }],
  [['198.18.0.1', 'tcp', 5432], 'host', { hostAccess: ['5432/tcp'] }],
  [['5.5.5.5', 'tcp', 5432], 'host', { hostAccess: ['5432/tcp'] }],
  [['198.18.0.9', 'tcp', 80], 'neighbour', { allowIntraNetwork: true }],
  [['127.0.0.11', 'udp', 40_000], 'dns', { dns: 'engine' }],
  [['9.9.9.9', 'tcp', 443], 'blocked', undefined],
  [['9.9.9.9', 'icmp', 0], 'blocked', undefined],
  [['10.2.3.4', 'tcp', 443], 'packet', undefined],
  [['1.2.3.4', 'icmp', 0], 'protocol', undefined],
  [['1.2.3.4', 'sctp', 80], 'protocol', undefined],
  [['1.2.3.4', 'tcp', 0], 'protocol', undefined],
  [['2606:4700::1', 'tcp', 443], 'family', undefined],
])('explains %j: %s', (key, reason, suggestion) => {
  const denial = parseOne(key);

  expect(denial).toMatchObject({ address: key[0], count: 1, reason });
  expect(denial?.suggestion).toEqual(suggestion);
});

it.each<[Key]>([
  [['1.2.3.4', 'tcp', 443]],
  [['192.168.1.1', 'udp', 53]],
  [['100.100.100.200', 'tcp', 80]],
  [['198.18.0.1', 'udp', 53]],
  [['198.18.0.9', 'tcp', 80]],
])('suggests what would have allowed %j', (key) => {
  const suggestion = parseOne(key)?.suggestion;
  const merged = {
    ...policy,
    ...suggestion,
    allowedIps: [...(policy.allowedIps ?? []), ...(suggestion?.allowedIps ?? [])],
  };

  expect(parseOne(key, merged)?.reason).toBe('packet');
});

it('names protocols as people do, and gives ports only to those that have them', () => {
  const keys: readonly Key[] = [
    ['1.1.1.1', 6, 80],
    ['1.1.1.1', 'ipv6-icmp', 0],
    ['1.1.1.1', 47, 0],
    ['1.1.1.1', 'udplite', 9],
    ['1.1.1.1', 253, 0],
  ];

  const { denials } = parseDenials(journal(keys.map((key) => element(key))), { policy, context });

  expect(denials.map(({ protocol, port }) => [protocol, port])).toEqual([
    ['253', undefined],
    ['gre', undefined],
    ['icmpv6', undefined],
    ['tcp', 80],
    ['udplite', 9],
  ]);
});

it('reads both sets of a table, in one order, and nothing else', () => {
  const nftables = [
    { table: { name: 'paracle' } },
    { set: { name: 'own4', elem: ['x'] } },
    { set: { name: 'denials6', elem: [element(['fd00::1', 'tcp', 80])] } },
    { set: { name: 'denials4', elem: [element(['1.1.1.1', 'tcp', 443], 3), element(['1.1.1.1', 'tcp', 80])] } },
  ];

  const { denials, isTruncated } = parseDenials(JSON.stringify({ nftables }), { policy, context });

  expect(denials.map(({ address, port, count }) => [address, port, count])).toEqual([
    ['1.1.1.1', 80, 1],
    ['1.1.1.1', 443, 3],
    ['fd00::1', 80, 1],
  ]);
  expect(isTruncated).toBe(false);
});

it('has nothing where nothing was refused', () => {
  expect(parseDenials(journal(undefined), { policy, context })).toEqual({ denials: [], isTruncated: false });
});

it('says when the journal was full', () => {
  const full = Array.from({ length: 1024 }, (_value, index) => element([`1.1.${index >> 8}.${index & 255}`, 'tcp', 1]));

  expect(parseDenials(journal(full), { policy, context }).isTruncated).toBe(true);
});

it.each<[string, string]>([
  ['no JSON', '{"nftables": ['],
  ['another set', journal([], 'own4')],
  ['elements that are none', journal(7)],
  ['an address that is none', journal([element(['127.1', 'tcp', 1])])],
  ['a range', journal([element(['10.0.0.0/8', 'tcp', 1])])],
  ['a port that is none', journal([element(['1.1.1.1', 'tcp', 65_536])])],
  ['a protocol that is none', journal([element(['1.1.1.1', '; rm', 1])])],
  ['a count that is none', journal([element(['1.1.1.1', 'tcp', 1], -1)])],
  ['no counter', journal([{ elem: { val: { concat: ['1.1.1.1', 'tcp', 1] } } }])],
  ['keys of other lengths', journal([element(['1.1.1.1', 'tcp'])])],
  ['more than fit', journal(Array.from({ length: 1025 }, () => element(['1.1.1.1', 'tcp', 1])))],
])('refuses %s', (_title, output) => {
  expect(() => parseDenials(output, { policy, context })).toThrow(
    expect.objectContaining({ code: 'PARACLE_ISOLATION_RULESET_UNREADABLE' }),
  );
});

it('tells what was asked of the resolver as one question to port 53, whatever its real port is', () => {
  const asked = [element(['127.0.0.11', 'udp', 40_000]), element(['127.0.0.11', 'udp', 40_001])];
  const { denials } = parseDenials(journal(asked), { policy, context });
  expect(denials).toMatchObject([{ address: '127.0.0.11', protocol: 'udp', port: 53, count: 2, reason: 'dns' }]);
});

it('reads when the kernel forgets an entry, which is when it forgets the last of equal ones', () => {
  const elem = [
    element(['1.1.1.1', 'tcp', 443]),
    { elem: { val: { concat: ['1.1.1.2', 'tcp', 443] }, counter: { packets: 1 } } },
    element(['127.0.0.11', 'udp', 40_000], 1, 3000),
    element(['127.0.0.11', 'udp', 40_001]),
  ];

  const { entries } = readJournal(readNftObjects(journal(elem)), () => ({ reason: 'internet' }));

  expect(entries.map(({ denial, expiresSeconds }) => [denial.address, expiresSeconds])).toEqual([
    ['1.1.1.1', 9],
    ['1.1.1.2', 0],
    ['127.0.0.11', 3000],
  ]);
});
