import type { DenialReason } from '../../../src/index.js';
import { NEIGHBOUR } from '../support/lab-network.js';
import type { Attempt } from './attempt.js';

type Kind = 'tcp' | 'udp';
type Row = readonly [title: string, kind: Kind, to: string, port: number];

const METADATA: readonly string[] = [
  ...['169.254.169.254', '169.254.170.2', '100.100.100.200', '192.0.0.192', '168.63.129.16'],
  ...['fd00:ec2::254', 'fd20:ce::254'],
];

const SPECIAL: readonly string[] = [
  ...['10.1.2.4', '100.64.0.1', '172.16.5.5', '192.168.1.1', '169.254.7.7', '192.0.2.1', '192.88.99.1', '198.19.0.1'],
  ...['203.0.113.9', '240.0.0.1', '64:ff9b::102:304', '64:ff9b:1::1', '2002:102:304::1', '2001::1', '2001:db8::1'],
  ...['3fff::1', 'fec0::1', 'fd99::1'],
];

const allowed: readonly Row[] = [
  ['TCP to an allowed port of the internet', 'tcp', '1.2.3.4', 443],
  ['UDP to an allowed port of the internet', 'udp', '1.2.3.4', 443],
  ['TCP over IPv6', 'tcp', '2606:4700::1111', 443],
  ['UDP over IPv6', 'udp', '2606:4700::1111', 443],
  ['a named address and port', 'tcp', '10.1.2.3', 5432],
  ['a named address and port of UDP', 'udp', '10.1.2.3', 53],
  ['any TCP port of a named range', 'tcp', '10.2.3.4', 80],
  ['a named range of IPv6', 'tcp', 'fd55::1', 443],
  ['an open port of the gateway', 'tcp', '198.18.7.1', 8080],
  ['an open port of another address of the host', 'tcp', '5.5.5.5', 8080],
];

const stopped: Readonly<Partial<Record<DenialReason, readonly Row[]>>> = {
  internet: [
    ['TCP to another port', 'tcp', '1.2.3.4', 80],
    ['UDP to another port', 'udp', '1.2.3.4', 5353],
    ['TCP over IPv6 to another port', 'tcp', '2606:4700::1111', 80],
    ['UDP over IPv6 to another port', 'udp', '2606:4700::1111', 53],
    ['DNS past the resolver', 'udp', '8.8.8.8', 53],
    ['DNS past the resolver by TCP', 'tcp', '8.8.8.8', 53],
    ['the port of another named address', 'tcp', '1.2.3.4', 5432],
    ['the port of the host elsewhere', 'tcp', '1.2.3.4', 8080],
  ],
  blocked: [
    ['a blocked address', 'tcp', '9.9.9.9', 443],
    ['a blocked address by UDP', 'udp', '9.9.9.9', 443],
    ['a blocked address of IPv6', 'tcp', '2620:fe::9', 443],
    ['a blocked address in a named range', 'tcp', '10.2.9.9', 443],
  ],
  host: [
    ['another port of the gateway', 'tcp', '198.18.7.1', 443],
    ['UDP to an open port of the gateway', 'udp', '198.18.7.1', 8080],
    ['the gateway over IPv6', 'tcp', 'fd77::1', 443],
    ['another address of the host', 'tcp', '5.5.5.5', 443],
    ['the host over IPv6', 'tcp', '2606:4700:5::5', 443],
  ],
  neighbour: [
    ['a neighbour', 'tcp', NEIGHBOUR, 443],
    ['a neighbour by UDP', 'udp', NEIGHBOUR, 443],
  ],
  metadata: [
    ...METADATA.map((to): Row => [`metadata at ${to}`, 'tcp', to, 443]),
    ['metadata by UDP', 'udp', '169.254.169.254', 443],
  ],
  special: [
    ...SPECIAL.map((to): Row => [`the range of ${to}`, 'tcp', to, 443]),
    ['another port of a named address', 'tcp', '10.1.2.3', 443],
    ['UDP to a named range', 'udp', '10.2.3.4', 443],
  ],
};

/** The metadata service as programs read its number, and an address of it that no rule for IPv6 names. */
const spellings: readonly string[] = [
  ...['2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.16689662', '0xa9.254.0251.254', '::ffff:169.254.169.254'],
];

/** Attempts that differ by where they go. */
export const destinationAttempts: readonly Attempt[] = [
  ...allowed.map((row): Attempt => ({ ...toAttempt(row), isAllowed: true })),
  { title: 'a datagram in fragments', act: { kind: 'udp', to: '1.2.3.4', port: 443, size: 9000 }, isAllowed: true },
  ...Object.entries(stopped).flatMap(([reason, rows]) =>
    rows.map((row): Attempt => ({ ...toAttempt(row), reason: isReason(reason) ? reason : 'packet' })),
  ),
  ...spellings.map(
    (to): Attempt => ({
      title: `metadata spelled ${to}`,
      act: { kind: 'tcp', to, port: 443, byIpv6: to.includes(':') },
      reason: 'metadata',
      journaledAddress: '169.254.169.254',
    }),
  ),
];

/** The addresses that the world has to own for the attempts. */
export const attemptAddresses: readonly string[] = [
  ...[...METADATA, ...SPECIAL],
  ...['1.2.3.4', '5.5.5.5', '8.8.8.8', '9.9.9.9', '10.1.2.3', '10.2.3.4', '10.2.9.9'],
  ...['2606:4700::1111', '2606:4700:5::5', '2620:fe::9', 'fd55::1'],
];

function toAttempt([title, kind, to, port]: Row): Attempt {
  return { title, act: { kind, to, port } };
}

function isReason(text: string): text is DenialReason {
  return Object.hasOwn(stopped, text);
}
