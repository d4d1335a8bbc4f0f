import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import type { IsolatedNetwork } from './isolated-network.js';

/** A network that this process enforces: its policy may change, the rest may not. */
export interface NetworkState extends Omit<IsolatedNetwork, 'policy'> {
  policy: ResolvedNetworkPolicy;
  /** Number of the policy; counts up with each change. */
  generation: number;
}
