import type { ResolvedNetworkPolicy } from '../config/network-policy.js';

/** A network of ours: where its containers are, and what they may reach. */
export interface IsolatedNetwork {
  readonly id: string;
  readonly name: string;
  /** As a CIDR. */
  readonly subnet: string;
  /** The host's address in it. */
  readonly gateway: string;
  /** Whether it has no route out of the host. */
  readonly internal: boolean;
  readonly policy: ResolvedNetworkPolicy;
}

/** {@link IsolatedNetwork} and who is on it. */
export interface NetworkInfo extends IsolatedNetwork {
  /** Those that run. */
  readonly containers: readonly { readonly id: string; readonly name: string; readonly address?: string }[];
  /** How many more it has room for. */
  readonly freeAddresses: number;
  /** Whether this isolator made it, and so enforces its policy. */
  readonly isOwn: boolean;
}
