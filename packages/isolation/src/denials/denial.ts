import type { NetworkPolicy } from '../config/network-policy.js';

/** Something that was refused, as often as it was seen. */
export interface Denial {
  readonly address: string;
  /** `tcp`, `udp`, `icmp`, …; a number where it has no common name. */
  readonly protocol: string;
  /** Absent where the protocol has none. */
  readonly port?: number;
  /** Packets refused; a TCP connection is one. */
  readonly count: number;
  readonly reason: DenialReason;
  /**
   * The smallest change that would have allowed it: what to add to the policy's lists, or to set. Absent where no
   * addition would.
   */
  readonly suggestion?: NetworkPolicy;
}

/** Why something was refused. */
export type DenialReason =
  /** `blockedIps` names it, and that wins. */
  | 'blocked'
  /** A metadata service of a cloud. */
  | 'metadata'
  /** The host or a gateway. */
  | 'host'
  /** Another container of the network. */
  | 'neighbour'
  /** A private, reserved or otherwise special range. */
  | 'special'
  /** The internet, which is closed, on all or on this port. */
  | 'internet'
  /** The engine's resolver. */
  | 'dns'
  /** Another protocol than TCP and UDP. */
  | 'protocol'
  /** A version of IP that the network does not have. */
  | 'family'
  /** The policy allows it: the packet had options, was a fragment or not the first, or an older policy's. */
  | 'packet';
