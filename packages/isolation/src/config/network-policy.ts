import { parseConfig } from '@paracle/core';
import { z } from 'zod';
import { type PortName, type PortOption, portSchema } from './port.js';
import { rangeSchema } from './range-schema.js';

/** What the containers of a network may reach. Everything that is not named here is refused. */
export interface NetworkPolicy {
  /**
   * Opens the internet, on `allowedPorts`: what IANA lists as special, hosts, gateways and metadata services stay
   * closed. @defaultValue false
   */
  readonly allowInternet?: boolean;
  /**
   * Opens all TCP and UDP ports between the containers of the network, in both directions. Closed unless asked for: a
   * container that was taken over must not be a way into its neighbours. @defaultValue false
   */
  readonly allowIntraNetwork?: boolean;
  /**
   * Ports towards the internet; a number is TCP, UDP is written `'443/udp'`. Absent: all of TCP. `[]`: none. Without
   * meaning while `allowInternet` is false.
   */
  readonly allowedPorts?: readonly PortOption[] | undefined;
  /**
   * Addresses and CIDRs that are open whatever the rest says, on all of TCP or on `ports`. A range does not open hosts,
   * gateways, metadata services and the own subnet: name their addresses one by one. @defaultValue []
   */
  readonly allowedIps?: readonly AllowedIp[];
  /** Addresses and CIDRs that are closed whatever the rest says. @defaultValue [] */
  readonly blockedIps?: readonly string[];
  /**
   * `engine`: names are resolved by the engine's resolver at 127.0.0.11, which asks the host's, whatever else the
   * policy says. It is a way out: data can leave inside of names. @defaultValue 'closed'
   */
  readonly dns?: 'closed' | 'engine';
  /** Ports of the host, by its own addresses and its gateways'. @defaultValue [] */
  readonly hostAccess?: readonly PortOption[];
}

/** An address or a CIDR, on all of TCP; or on some ports. */
export type AllowedIp = string | { readonly cidr: string; readonly ports?: readonly PortOption[] | undefined };

/** {@link NetworkPolicy} after defaults, in one spelling. It is a {@link NetworkPolicy} itself. */
export interface ResolvedNetworkPolicy {
  readonly allowInternet: boolean;
  readonly allowIntraNetwork: boolean;
  readonly allowedPorts?: readonly PortName[] | undefined;
  readonly allowedIps: readonly ResolvedAllowedIp[];
  readonly blockedIps: readonly string[];
  readonly dns: 'closed' | 'engine';
  readonly hostAccess: readonly PortName[];
}

/** An entry of `allowedIps`; without `ports`, all of TCP. */
export interface ResolvedAllowedIp {
  readonly cidr: string;
  readonly ports?: readonly PortName[] | undefined;
}

/** Far above any list in use (5,000 are a common blocklist); bounds the memory of the kernel's sets. */
const MAX_RANGES = 50_000;

const ports = z.array(portSchema).max(1000);

const allowedIp: z.ZodType<ResolvedAllowedIp> = z.union([
  rangeSchema.transform((cidr) => ({ cidr })),
  z.strictObject({ cidr: rangeSchema, ports: ports.optional() }),
]);

/** Checks a {@link NetworkPolicy} and fills in the defaults. */
export const networkPolicySchema: z.ZodType<ResolvedNetworkPolicy> = z.strictObject({
  allowInternet: z.boolean().default(false),
  allowIntraNetwork: z.boolean().default(false),
  allowedPorts: ports.optional(),
  allowedIps: z.array(allowedIp).max(MAX_RANGES).default([]),
  blockedIps: z.array(rangeSchema).max(MAX_RANGES).default([]),
  dns: z.enum(['closed', 'engine']).default('closed'),
  hostAccess: ports.default([]),
});

/**
 * Checks a policy, fills in the defaults and freezes it.
 * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` with everything that is wrong.
 */
export function parseNetworkPolicy(policy: NetworkPolicy): ResolvedNetworkPolicy {
  return parseConfig(networkPolicySchema, policy, 'network policy');
}
