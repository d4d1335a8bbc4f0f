import type { DenialReason, NetworkPolicy } from '../../../src/index.js';

/** What the process may do: nothing special, or open raw sockets and use low ports. Never NET_ADMIN. */
export type Privilege = 'none' | 'raw';

/** What `support/tampering.py` tries. */
export type Tampering =
  | 'table'
  | 'connections'
  | 'route'
  | 'rule'
  | 'address'
  | 'neighbour'
  | 'link'
  | 'mark'
  | 'write';

/** What is tried; `support/agent.py` does it. */
export interface Act {
  /** `ping` takes a raw socket, `echo` does without; `spray` goes on for as long as the process lives. */
  readonly kind: 'tcp' | 'udp' | 'ping' | 'echo' | 'dns' | 'raw' | 'packet' | 'frame' | 'spray' | Tampering;
  readonly to: string;
  readonly port?: number;
  readonly from?: string;
  readonly sourcePort?: number;
  readonly protocol?: number;
  /** Hexadecimal, as all bytes here. */
  readonly payload?: string;
  readonly size?: number;
  readonly fragments?: boolean;
  /** No answer is waited for. */
  readonly oneWay?: boolean;
  readonly ipOptions?: string;
  /** Numbers and contents of `IPV6_…` control messages. */
  readonly ipv6Headers?: readonly (readonly [number, string])[];
  /** To this device, whatever the routes say. */
  readonly device?: string;
  /** Levels and numbers of socket options to turn on. */
  readonly switches?: readonly (readonly [number, number])[];
  /** With data in the first packet of TCP. */
  readonly fastOpen?: boolean;
  /** What to ask a name server for. */
  readonly name?: string;
  readonly byTcp?: boolean;
  /** By a socket of IPv6, whatever the address. */
  readonly byIpv6?: boolean;
}

/** An attempt, and what the policy makes of it. Without the policy each must get through. */
export interface Attempt {
  readonly title: string;
  readonly act: Act;
  /** @defaultValue 'none' */
  readonly as?: Privilege;
  /** From the world to the sandbox. */
  readonly isInbound?: boolean;
  readonly isAllowed?: boolean;
  /** What the journal says of it; absent where there is no entry. */
  readonly reason?: DenialReason;
  /** Where the journal has another address than `act.to`. */
  readonly journaledAddress?: string;
}

/** The policy that the attempts are made under. */
export const attemptPolicy: NetworkPolicy = {
  allowInternet: true,
  allowedPorts: [443, '443/udp'],
  allowedIps: ['10.2.0.0/16', { cidr: '10.1.2.3', ports: [5432, '53/udp'] }, { cidr: 'fd55::/64', ports: [443] }],
  blockedIps: ['9.9.9.0/24', '2620:fe::/48', '10.2.9.0/24'],
  hostAccess: [8080],
};
