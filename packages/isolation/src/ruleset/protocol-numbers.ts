/**
 * Numbers, since nft looks names up in /etc/protocols, which slim images don't have.
 * @see https://www.iana.org/assignments/protocol-numbers
 */
export const PROTOCOL_NUMBERS = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
} as const;

/** Those with ports, all at the place where TCP has them. */
export const PROTOCOLS_WITH_PORTS: readonly number[] = [
  PROTOCOL_NUMBERS.tcp,
  PROTOCOL_NUMBERS.udp,
  PROTOCOL_NUMBERS.dccp,
  PROTOCOL_NUMBERS.sctp,
  PROTOCOL_NUMBERS.udplite,
];
