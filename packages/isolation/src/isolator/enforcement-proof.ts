import { createHash } from 'node:crypto';
import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import type { Canary } from './canary.js';

/** What was seen when a policy was found in force. */
export interface EnforcementProof {
  readonly containerId: string;
  readonly networkId: string;
  /** The container's address. */
  readonly address: string;
  /** How it is enforced: by a ruleset in the container's own network namespace. */
  readonly mechanism: 'namespace-rules';
  /** SHA-256 of the policy after defaults, in hex. */
  readonly policyHash: string;
  /** SHA-256 of the ruleset as the kernel has it. See {@link hashRuleset}. */
  readonly rulesetHash: string;
  /** The number of the policy that connections are bound to. */
  readonly generation: number;
  /** What was tried from inside and failed, as it should. */
  readonly canaries: readonly Canary[];
  readonly engineVersion: string;
  readonly kernelVersion: string;
  readonly runtime: string;
  /** ISO 8601. */
  readonly provenAt: string;
}

/** The hash of a policy. */
export function hashPolicy(policy: ResolvedNetworkPolicy): string {
  const fields = Object.entries(policy).sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
