import type { Act, Attempt } from '../attempts/attempt.js';
import { type AttemptClass, type EngineAttempt, PLACEHOLDERS } from './engine-attempt.js';

const { gateway, host, neighbour, foreign, hostTcpPort, hostUdpPort } = PLACEHOLDERS;
const RESOLVER = '127.0.0.11';

/** Of <linux/in.h> and <linux/in6.h>: `IP_TRANSPARENT`, `IP_FREEBIND` and `IPV6_FREEBIND`, with their levels. */
const TRANSPARENT = [0, 19] as const;
const FREEBIND = [0, 15] as const;
const FREEBIND6 = [41, 78] as const;

/** A loose source route over 1.2.3.4, which is open, to a closed address. Newer kernels want NET_RAW for it. */
const ROUTED_OVER_OPEN = '83070401020304'.padEnd(16, '0');

const dns: readonly Attempt[] = [
  ...[false, true].flatMap((byTcp): Attempt[] => {
    const by = byTcp ? 'TCP' : 'UDP';
    const act: Act = { kind: 'dns', to: RESOLVER, port: 53, name: 'peer', byTcp };
    return [
      { title: `the engine's resolver by ${by}`, act, reason: 'dns' },
      { title: `the engine's resolver by ${by} where it really listens`, act: { ...act, port: 0 }, reason: 'dns' },
    ];
  }),
  { title: 'a name server on port 5353', act: { kind: 'udp', to: '8.8.8.8', port: 5353 }, reason: 'internet' },
  { title: 'a name server on port 5353 by TCP', act: { kind: 'tcp', to: '8.8.8.8', port: 5353 }, reason: 'internet' },
  { title: 'a name server on port 8080', act: { kind: 'udp', to: '9.9.9.9', port: 8080 }, reason: 'blocked' },
  { title: 'a name server at the gateway', act: { kind: 'udp', to: gateway, port: hostUdpPort }, reason: 'host' },
];

const icmp: readonly Attempt[] = ['1.2.3.4', '10.1.2.3', '10.2.3.4', '169.254.169.254', gateway, host, neighbour].map(
  (to) => ({ title: `ICMP echo to ${to}`, act: { kind: 'echo', to }, reason: 'protocol' }),
);

const ipv6: readonly Attempt[] = [
  { title: 'ICMP echo over IPv6', act: { kind: 'echo', to: '2606:4700::1111' } },
  { title: 'ICMP echo to a link-local address', act: { kind: 'echo', to: 'fe80::77%eth0' } },
  { title: 'TCP to a link-local address', act: { kind: 'tcp', to: 'fe80::77%eth0', port: 443 } },
  { title: 'UDP to a link-local address', act: { kind: 'udp', to: 'fe80::77%eth0', port: 443 } },
  { title: 'TCP to an open port over IPv6', act: { kind: 'tcp', to: '2606:4700::1111', port: 443 } },
  { title: 'a named range of IPv6', act: { kind: 'tcp', to: 'fd55::1', port: 443 } },
  { title: 'all nodes', act: { kind: 'udp', to: 'ff02::1%eth0', port: 443, oneWay: true } },
  {
    title: 'a source that is nobody’s over IPv6',
    act: {
      ...{ kind: 'udp', to: '2606:4700::1111', port: 443, oneWay: true },
      ...{ from: 'fd77::99', switches: [FREEBIND6] },
    },
  },
];

const hosts: readonly Attempt[] = [gateway, host].flatMap((to) => [
  { title: `the host at ${to} by TCP`, act: { kind: 'tcp', to, port: hostTcpPort }, reason: 'host' },
  { title: `the host at ${to} by UDP`, act: { kind: 'udp', to, port: hostUdpPort }, reason: 'host' },
  {
    title: `the host at ${to} from an open port`,
    act: { kind: 'tcp', to, port: hostTcpPort, sourcePort: 443 },
    reason: 'host',
  },
]);

const neighbours: readonly Attempt[] = [
  {
    title: 'a neighbour, with data in the first packet',
    act: { kind: 'tcp', to: neighbour, port: 443, fastOpen: true },
    reason: 'neighbour',
  },
];

const forms: readonly Attempt[] = [
  ...(['tcp', 'udp'] as const).flatMap((kind): Attempt[] => [
    {
      title: `a second own address as the source of ${kind}`,
      act: { kind, to: '1.2.3.4', port: 443, from: foreign, oneWay: true },
      reason: 'packet',
    },
    {
      title: `a freely bound own address as the source of ${kind}`,
      act: { kind, to: '1.2.3.4', port: 443, from: foreign, switches: [FREEBIND], oneWay: true },
      reason: 'packet',
    },
    { title: `${kind} by a bound device`, act: { kind, to: '10.1.2.4', port: 80, device: 'eth0' }, reason: 'special' },
    {
      title: `${kind} by a bound device to a neighbour, past the routes`,
      act: { kind, to: neighbour, port: 80, device: 'eth0' },
      reason: 'neighbour',
    },
  ]),
  { title: 'fragments to a closed port', act: { kind: 'udp', to: '1.2.3.4', port: 5353, size: 9000 } },
  { title: 'fragments to a closed range', act: { kind: 'udp', to: '10.1.2.4', port: 443, size: 60_000 } },
  { title: 'an empty datagram', act: { kind: 'udp', to: '1.2.3.4', port: 80, size: 0 }, reason: 'internet' },
  {
    title: 'data in the first packet of TCP',
    act: { kind: 'tcp', to: '1.2.3.4', port: 5432, fastOpen: true },
    reason: 'internet',
  },
];

const raw: readonly Attempt[] = [
  {
    title: 'a source route over an open address',
    act: { kind: 'udp', to: '10.1.2.4', port: 443, ipOptions: ROUTED_OVER_OPEN },
    journaledAddress: '1.2.3.4',
  },
  {
    title: 'a frame past the network layer',
    act: { kind: 'frame', from: PLACEHOLDERS.sandbox, to: PLACEHOLDERS.broadcast, port: 443 },
  },
  ...(['tcp', 'udp'] as const).map((kind): Attempt => {
    const act: Act = { kind, to: '1.2.3.4', port: 443, from: '10.9.9.9', switches: [TRANSPARENT], oneWay: true };
    return { title: `a transparent source by ${kind}`, act };
  }),
];

/** The file's own value is written back. */
const files = ['ip_forward', 'conf/all/route_localnet', 'conf/eth0/accept_local', 'ping_group_range'];

const tampering: readonly Attempt[] = [
  { title: 'deleting the table of rules', act: { kind: 'table', to: '1 paracle' } },
  { title: 'forgetting all connections', act: { kind: 'connections', to: '' } },
  { title: 'adding a route', act: { kind: 'route', to: '10.50.0.1' } },
  { title: 'adding a routing rule', act: { kind: 'rule', to: '10.50.0.1' } },
  { title: 'adding an address', act: { kind: 'address', to: '10.50.0.2' } },
  { title: 'adding a neighbour’s link address', act: { kind: 'neighbour', to: gateway } },
  { title: 'changing the link', act: { kind: 'link', to: '' } },
  { title: 'marking packets', act: { kind: 'mark', to: '' } },
  ...files.map((name): Attempt => {
    return { title: `writing net.ipv4.${name}`, act: { kind: 'write', to: `/proc/sys/net/ipv4/${name}` } };
  }),
];

const inside = { to: PLACEHOLDERS.sandbox, port: 9000 };

const inbound: readonly Attempt[] = [
  { title: 'UDP from a neighbour', act: { kind: 'udp', ...inside, from: neighbour } },
  { title: 'UDP from the host', act: { kind: 'udp', ...inside, from: gateway } },
  { title: 'UDP in fragments from a neighbour', act: { kind: 'udp', ...inside, from: neighbour, size: 9000 } },
  { title: 'ICMP echo from a neighbour', act: { kind: 'ping', to: inside.to, from: neighbour } },
];

const of = (name: AttemptClass, attempts: readonly Attempt[]): readonly EngineAttempt[] =>
  attempts.map((attempt) => ({ ...attempt, class: name }));

/** Attempts that take an engine's network, or what engines allow. */
export const ownAttempts: readonly EngineAttempt[] = [
  ...of('dns', dns),
  ...of('icmp', icmp),
  ...of('ipv6', ipv6),
  ...of('host', hosts),
  ...of('neighbour', neighbours),
  ...of('forms', forms),
  ...of(
    'raw',
    raw.map((attempt) => ({ ...attempt, as: 'raw' })),
  ),
  ...of(
    'tampering',
    tampering.map((attempt) => ({ ...attempt, as: 'raw' })),
  ),
  ...of(
    'inbound',
    inbound.map((attempt) => ({ ...attempt, isInbound: true })),
  ),
];
