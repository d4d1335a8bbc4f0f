import { parseConfig } from '@paracle/core';
import { z } from 'zod';
import { isCoveredBy } from '../addresses/address-range.js';
import { toRange } from '../addresses/parse-range.js';
import { type NetworkPolicy, networkPolicySchema, type ResolvedNetworkPolicy } from './network-policy.js';
import { isBridgeSubnet, rangeSchema } from './range-schema.js';

/** A network and the policy of its containers. */
export interface NetworkConfig {
  /** The only driver whose networks can be kept apart. @defaultValue 'bridge' */
  readonly driver?: 'bridge';
  /** The network's addresses, as in `172.28.0.0/16`; a prefix length from 8 to 30. Absent: one is chosen. */
  readonly subnet?: string | undefined;
  /**
   * Has no route out of the host at all.
   * @defaultValue true, unless the policy opens something beyond the own subnet
   */
  readonly internal?: boolean;
  /** The same as `policy.allowInternet`. */
  readonly allowInternet?: boolean;
  /** What the containers may reach. @defaultValue {} */
  readonly policy?: NetworkPolicy;
}

/** {@link NetworkConfig} after defaults. It is a {@link NetworkConfig} itself. */
export interface ResolvedNetworkConfig {
  readonly driver: 'bridge';
  readonly subnet?: string | undefined;
  readonly internal: boolean;
  readonly policy: ResolvedNetworkPolicy;
}

const fields = z.strictObject({
  driver: z.literal('bridge').default('bridge'),
  subnet: rangeSchema
    .refine(isBridgeSubnet, 'a subnet of IPv4 with a prefix length from 8 to 30, such as 172.28.0.0/16')
    .optional(),
  internal: z.boolean().optional(),
  allowInternet: z.boolean().optional(),
  policy: networkPolicySchema.prefault({}),
});

const networkConfigSchema: z.ZodType<ResolvedNetworkConfig> = fields
  .transform(({ allowInternet, internal, policy, ...rest }, context) => {
    if (allowInternet === false && policy.allowInternet) {
      context.addIssue({
        code: 'custom',
        message: 'allowInternet is false and policy.allowInternet is true: say it once',
      });
    }
    const merged = { ...policy, allowInternet: policy.allowInternet || allowInternet === true };
    return { ...rest, internal: internal ?? !reachesOut(merged, rest.subnet), policy: merged };
  })
  .superRefine(({ internal, policy, subnet }, context) => {
    const contradiction = findContradiction({ internal, policy, subnets: subnet === undefined ? [] : [subnet] });
    if (contradiction !== undefined) context.addIssue({ code: 'custom', message: contradiction });
  });

/**
 * Checks a network's configuration and policy, fills in the defaults and freezes it.
 * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` with everything that is wrong, contradictions included.
 */
export function parseNetworkConfig(config: NetworkConfig): ResolvedNetworkConfig {
  return parseConfig(networkConfigSchema, config, 'network config');
}

/** What to check for contradictions. */
interface ContradictionOptions {
  readonly internal: boolean;
  readonly policy: ResolvedNetworkPolicy;
  /** The network's own, as far as they are known. */
  readonly subnets: readonly string[];
}

/** Says what in a network's configuration can't hold together. */
export function findContradiction({ internal, policy, subnets }: ContradictionOptions): string | undefined {
  if (internal && reachesOut(policy, subnets[0])) {
    return 'internal is true, so there is no way to what allowInternet or allowedIps open: leave internal out, or close them';
  }
  const blocked = policy.allowIntraNetwork ? subnets.find((subnet) => covers(policy.blockedIps, subnet)) : undefined;
  if (blocked === undefined) return undefined;
  return `allowIntraNetwork opens the own subnet ${blocked} and blockedIps closes all of it: take out one of them`;
}

function reachesOut(policy: ResolvedNetworkPolicy, subnet: string | undefined): boolean {
  return policy.allowInternet || policy.allowedIps.some(({ cidr }) => subnet === undefined || !covers([subnet], cidr));
}

function covers(outer: readonly string[], inner: string): boolean {
  return outer.some((range) => isCoveredBy(toRange(inner), toRange(range)));
}
