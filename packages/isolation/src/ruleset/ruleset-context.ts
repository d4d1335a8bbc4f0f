import { z } from 'zod';
import type { AddressFamily } from '../addresses/address-range.js';
import { addressSchema, rangeSchema } from '../config/range-schema.js';

/** Where a ruleset is loaded: the network as the container sees it. */
export interface RulesetContext {
  /** The network's own subnets, as CIDRs. IPv6 is closed altogether unless one of them is IPv6. */
  readonly subnets: readonly string[];
  /** The container's own addresses; nothing else may be a packet's source. */
  readonly addresses: readonly string[];
  /** The network's gateways: addresses of the host. */
  readonly gateways: readonly string[];
  /** The host's other addresses. @defaultValue [] */
  readonly hostAddresses?: readonly string[];
  /**
   * Number of the policy, from 1 to 4294967295. Connections made under another number are cut, so count it up with
   * each change, and load an unchanged policy under its old number.
   */
  readonly generation: number;
}

/** {@link RulesetContext} after defaults, in one spelling. */
export type ResolvedRulesetContext = Required<RulesetContext>;

/** Checks a {@link RulesetContext}. */
export const rulesetContextSchema: z.ZodType<ResolvedRulesetContext> = z.strictObject({
  subnets: z.array(rangeSchema).min(1),
  addresses: z.array(addressSchema).min(1),
  gateways: z.array(addressSchema),
  hostAddresses: z.array(addressSchema).default([]),
  generation: z.int().min(1).max(4_294_967_295),
});

/** The versions of IP that are open at all: those of the network's subnets. */
export function familiesOf({ subnets }: ResolvedRulesetContext): readonly AddressFamily[] {
  return ([4, 6] as const).filter((family) => ofFamily(subnets, family).length > 0);
}

/** Of checked addresses and CIDRs, those of one version of IP. */
export function ofFamily(cidrs: readonly string[], family: AddressFamily): readonly string[] {
  return cidrs.filter((cidr) => cidr.includes(':') === (family === 6));
}
