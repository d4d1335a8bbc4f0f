import { NEIGHBOUR } from '../support/lab-network.js';
import type { Act, Attempt } from './attempt.js';

const PROTOCOLS = { IPIP: 4, '6in4': 41, GRE: 47, ESP: 50, SCTP: 132, DCCP: 33, 'UDP-Lite': 136, 'protocol 253': 253 };

/** `IPV6_HOPOPTS` and `IPV6_DSTOPTS` of <linux/in6.h>, each with six bytes of padding. */
const HOP_BY_HOP = [54, '0000010400000000'] as const;
const DESTINATION = [59, '0000010400000000'] as const;

/** From port 4000 to port 443, with 16 and with 8 bytes of data. */
const UDP = `0fa001bb00180000${'78'.repeat(16)}`;
const TCP_SYN = `0fa001bb00000001000000006002ffff0000000001010101${'78'.repeat(8)}`;

/** A routing header that asks for nothing, of a type for experiments (RFC 4727), before UDP. */
const ROUTING_AND_UDP = `1100fd0000000000${UDP}`;

const open = { to: '1.2.3.4', port: 443 };
const open6 = { to: '2606:4700::1111', port: 443 };
const closed = { to: '1.2.3.4', port: 80 };

const groups: readonly Attempt[] = [
  { title: 'multicast', act: { kind: 'udp', to: '224.0.0.251', port: 5353, oneWay: true }, reason: 'special' },
  { title: 'multicast over IPv6', act: { kind: 'udp', to: 'ff02::fb%eth0', port: 5353, oneWay: true } },
  { title: 'broadcast', act: { kind: 'udp', to: '255.255.255.255', port: 443, oneWay: true }, reason: 'special' },
  {
    title: 'broadcast of the subnet',
    act: { kind: 'udp', to: '198.18.7.15', port: 443, oneWay: true },
    reason: 'neighbour',
  },
];

const options: readonly Attempt[] = [
  {
    title: 'IP options (record route)',
    act: { kind: 'tcp', ...open, ipOptions: '0707040000000000' },
    reason: 'packet',
  },
  { title: 'IP options (no operation)', act: { kind: 'udp', ...open, ipOptions: '01010101' }, reason: 'packet' },
];

const protocols: readonly Attempt[] = [
  { title: 'ICMP echo', act: { kind: 'ping', to: '1.2.3.4' }, reason: 'protocol' },
  { title: 'ICMP echo over IPv6', act: { kind: 'ping', to: '2606:4700::1111' }, reason: 'protocol' },
  { title: 'SCTP over IPv6', act: { kind: 'raw', to: '2606:4700::1111', protocol: 132 }, reason: 'protocol' },
  ...Object.entries(PROTOCOLS).map(
    ([title, protocol]): Attempt => ({ title, act: { kind: 'raw', to: '1.2.3.4', protocol }, reason: 'protocol' }),
  ),
];

const packets: readonly Attempt[] = [
  { title: 'UDP in fragments past reassembly', act: { ...packet(17, UDP), fragments: true }, reason: 'packet' },
  { title: 'TCP in fragments past reassembly', act: { ...packet(6, TCP_SYN), fragments: true }, reason: 'packet' },
  { title: 'a foreign source', act: { ...packet(17, UDP), from: '198.18.7.9' }, reason: 'packet' },
  { title: 'TCP that begins with an ACK', act: tcpPacket(0x10), reason: 'packet' },
  { title: 'TCP that begins with SYN and ACK', act: tcpPacket(0x12), reason: 'packet' },
  { title: 'TCP that begins with SYN and FIN', act: tcpPacket(0x03), reason: 'packet' },
  {
    title: 'a hop-by-hop header',
    act: { kind: 'udp', ...open6, ipv6Headers: [HOP_BY_HOP], oneWay: true },
    reason: 'packet',
  },
  {
    title: 'a destination header',
    act: { kind: 'udp', ...open6, ipv6Headers: [DESTINATION], oneWay: true },
    reason: 'packet',
  },
  {
    title: 'a routing header',
    act: { kind: 'raw', to: open6.to, protocol: 43, payload: ROUTING_AND_UDP },
    reason: 'packet',
  },
  ...[53, 80, 443].map(
    (sourcePort): Attempt => ({
      title: `the source port ${sourcePort}`,
      act: { kind: 'tcp', ...closed, sourcePort },
      reason: 'internet',
    }),
  ),
  { title: 'the source port 53 by UDP', act: { kind: 'udp', ...closed, sourcePort: 53 }, reason: 'internet' },
];

const inside = { to: '198.18.7.2', port: 9000 };

const inbound: readonly Attempt[] = [
  { title: 'TCP from the internet', act: { kind: 'tcp', ...inside, from: '1.2.3.4' } },
  { title: 'UDP from the internet', act: { kind: 'udp', ...inside, from: '1.2.3.4' } },
  { title: 'UDP from an open port', act: { kind: 'udp', ...inside, from: '1.2.3.5', sourcePort: 443 }, as: 'raw' },
  { title: 'TCP from a neighbour', act: { kind: 'tcp', ...inside, from: NEIGHBOUR } },
  { title: 'TCP from the gateway', act: { kind: 'tcp', ...inside, from: '198.18.7.1' } },
  { title: 'ICMP echo from the gateway', act: { kind: 'ping', to: inside.to }, as: 'raw' },
];

/** Attempts that differ by what the packets look like. */
export const formAttempts: readonly Attempt[] = [
  ...groups,
  ...options,
  ...[...protocols, ...packets].map((attempt): Attempt => ({ ...attempt, as: 'raw' })),
  ...inbound.map((attempt): Attempt => ({ ...attempt, isInbound: true })),
];

/** A packet that the process writes whole. */
function packet(protocol: number, payload: string): Act {
  return { kind: 'packet', to: '1.2.3.4', from: '198.18.7.2', protocol, payload };
}

/** A header of TCP alone, from port 4000. */
function tcpPacket(flags: number): Act {
  const ports = '0fa001bb';
  const numbers = '0000000100000000';
  const payload = `${ports}${numbers}50${flags.toString(16).padStart(2, '0')}ffff00000000`;
  return { kind: 'raw', to: '1.2.3.4', protocol: 6, payload };
}
