import type { AddressFamily } from '../addresses/address-range.js';
import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import type { Chain } from './chain.js';
import { PROTOCOL_NUMBERS } from './protocol-numbers.js';
import { familiesOf, ofFamily, type ResolvedRulesetContext } from './ruleset-context.js';

/** The engine's resolver. Its real port is random and set by NAT before these rules, so the address is what is matched. */
export const RESOLVER = '127.0.0.11';

const TCP_OR_UDP = `{ ${PROTOCOL_NUMBERS.tcp}, ${PROTOCOL_NUMBERS.udp} }`;

/** The first packet of a connection that may be made; TCP that begins in mid-stream is none. */
const FIRST_PACKET: readonly string[] = ['ct state != new', 'tcp flags & (fin | syn | rst | ack) != syn'];

/**
 * Headers that send a packet another way than its destination says, or hide its ports. Whole datagrams pass: connection
 * tracking joins fragments first, and what is left are those that raw sockets send past it (IP_NODEFRAG). Linux 6.18
 * does not track these, so they are no first packet either; that is not relied on.
 */
const ODD_HEADERS: readonly string[] = [
  'ip hdrlength > 5',
  'ip frag-off & 0x3fff != 0',
  ...['hbh', 'rt', 'dst', 'frag', 'mh'].map((name) => `exthdr ${name} exists`),
];

/** What an output chain is made of. */
interface OutputOptions {
  readonly policy: ResolvedNetworkPolicy;
  readonly context: ResolvedRulesetContext;
  /** The policy's own questions, in order. */
  readonly stepRules: readonly string[];
}

/** What may leave. */
export function outputChain({ policy, context, stepRules }: OutputOptions): Chain {
  return {
    name: 'output',
    rules: [
      'type filter hook output priority filter; policy drop;',
      ...(policy.dns === 'closed' ? [`oifname "lo" ip daddr ${RESOLVER} goto refuse`] : []),
      'oifname "lo" accept',
      ...neighbourDiscovery(context, onLink(context)),
      // The kernel's own housekeeping: dropped without a word, so that the journal has what programs did.
      `meta l4proto ${PROTOCOL_NUMBERS.igmp} drop`,
      'icmpv6 type { mld-listener-report, mld2-listener-report, nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } drop',
      ...[...ODD_HEADERS, ...foreignAddresses(context, 'saddr')].map((match) => `${match} goto refuse`),
      ...repliesAndErrors(context, policy.allowIntraNetwork ? ['original', 'reply'] : ['original']),
      `meta l4proto != ${TCP_OR_UDP} goto refuse`,
      ...FIRST_PACKET.map((match) => `${match} goto refuse`),
      ...stepRules,
      'goto refuse',
    ],
  };
}

/** What may come in: answers, and neighbours where the policy opens the own subnet. */
export function inputChain(policy: ResolvedNetworkPolicy, context: ResolvedRulesetContext): Chain {
  return {
    name: 'input',
    rules: [
      'type filter hook input priority filter; policy drop;',
      'iifname "lo" accept',
      ...neighbourDiscovery(context, ''),
      ...[...ODD_HEADERS, ...foreignAddresses(context, 'daddr')].map((match) => `${match} drop`),
      ...repliesAndErrors(context, policy.allowIntraNetwork ? ['original', 'reply'] : ['reply']),
      ...(policy.allowIntraNetwork ? neighbourRules(policy, context) : []),
    ],
  };
}

/** No blanket `established`: the mark says under which policy a connection was let through. */
function repliesAndErrors(
  { generation }: ResolvedRulesetContext,
  directions: readonly ('original' | 'reply')[],
): readonly string[] {
  return [
    ...directions.map((direction) => `ct state established ct direction ${direction} ct mark ${generation} accept`),
    `ct state related ct mark ${generation} icmp type { destination-unreachable, time-exceeded, parameter-problem } accept`,
    `ct state related ct mark ${generation} icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept`,
  ];
}

/** First packets from neighbours; the host and what is blocked are none. */
function neighbourRules(policy: ResolvedNetworkPolicy, context: ResolvedRulesetContext): readonly string[] {
  const closed = { blocked: policy.blockedIps, host: [...context.gateways, ...context.hostAddresses] };
  return [
    ...Object.entries(closed).flatMap(([name, cidrs]) =>
      familiesOf(context)
        .filter((family) => ofFamily(cidrs, family).length > 0)
        .map((family) => `${headerOf(family)} saddr @${name}${family} drop`),
    ),
    `meta l4proto != ${TCP_OR_UDP} drop`,
    ...FIRST_PACKET.map((match) => `${match} drop`),
    ...familiesOf(context).map((family) => `${headerOf(family)} saddr @own${family} goto allow`),
  ];
}

/** Packets that are not from (or to) the container's own addresses; of a version of IP that is closed, all. */
function foreignAddresses(context: ResolvedRulesetContext, field: 'saddr' | 'daddr'): readonly string[] {
  return ([4, 6] as const).map((family) => {
    const own = familiesOf(context).includes(family) ? ofFamily(context.addresses, family) : [];
    return own.length === 0 ? `meta nfproto ipv${family}` : `${headerOf(family)} ${field} != { ${own.join(', ')} }`;
  });
}

/** How IPv6 finds its neighbours; a hop limit of 255 shows that a packet was not routed (RFC 4861). */
function neighbourDiscovery(context: ResolvedRulesetContext, destination: string): readonly string[] {
  if (!familiesOf(context).includes(6)) return [];
  return [`icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 ${destination}accept`];
}

/** All nodes, solicited nodes and link-local addresses: no further than the link. */
function onLink({ subnets }: ResolvedRulesetContext): string {
  return `ip6 daddr { ${['ff02::1', 'ff02::1:ff00:0/104', 'fe80::/10', ...ofFamily(subnets, 6)].join(', ')} } `;
}

function headerOf(family: AddressFamily): string {
  return family === 4 ? 'ip' : 'ip6';
}
