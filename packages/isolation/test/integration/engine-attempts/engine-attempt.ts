import type { Attempt } from '../attempts/attempt.js';

/** Classes of attempts, as the README's table has them. */
export const attemptClasses = {
  internet: 'TCP and UDP to closed ports of the internet',
  blocked: 'blocked addresses',
  special: 'private, CGNAT, link-local and other special ranges',
  metadata: 'metadata services',
  spelling: 'the metadata address in octal, hexadecimal, fewer parts, inside of IPv6',
  dns: "DNS: the engine's resolver, by its name's port and its real one; other servers, other ports",
  icmp: 'ICMP echo without NET_RAW',
  ipv6: 'IPv6: TCP, UDP, ICMP, link-local, chosen sources',
  groups: 'multicast and broadcast',
  host: 'the host, by its gateways and its other addresses',
  neighbour: 'neighbours',
  forms: 'chosen source ports and addresses, devices, IP options, fragments, fast open',
  raw: 'raw and packet sockets, transparent sources, source routes',
  tampering: 'nftables, routes, addresses, neighbours, links, connection tracking, sysctls from inside',
  inbound: 'being reached from the host, neighbours and the internet',
  live: 'connections that live on over a change of policy',
  race: 'sending all the time while a network is attached, and while its policy changes',
  second: 'a second network, connected by hand',
} as const;

/** One of {@link attemptClasses}. */
export type AttemptClass = keyof typeof attemptClasses;

/** An attempt on an engine. Addresses of the lab in it stand for those of the engine's network. */
export interface EngineAttempt extends Attempt {
  readonly class: AttemptClass;
}

/** What came of an attempt, without the policy and with it. */
export interface Outcome {
  readonly class: AttemptClass;
  readonly isThroughWithout: boolean;
  readonly isThroughWith: boolean;
}

/** What stands for addresses and ports that are known once the engine has made the network. */
export const PLACEHOLDERS = {
  sandbox: '198.18.7.2',
  gateway: '198.18.7.1',
  neighbour: '198.18.7.3',
  broadcast: '198.18.7.15',
  /** Another address of the host. */
  host: '5.5.5.5',
  /** A second address of the sandbox, which the isolator has not given it. */
  foreign: '10.77.0.5',
  /** Where the host listens. */
  hostTcpPort: 60_001,
  hostUdpPort: 60_002,
} as const;
