import type { Engine, NetworkSummary } from '@paracle/core';
import { formatAddress, isCoveredBy } from '../addresses/address-range.js';
import { parseRange, toRange } from '../addresses/parse-range.js';
import { SPECIAL_RANGES } from '../addresses/special-ranges.js';
import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import type { HostSurvey } from '../guard/survey-host.js';

/** The host's addresses of now that matter for a policy: it gets another with each network. */
export async function listHostAddresses(
  engine: Engine,
  { addresses }: HostSurvey,
  policy: ResolvedNetworkPolicy,
): Promise<readonly string[]> {
  if (!opensRanges(policy)) return addresses;
  return [...new Set([...addresses, ...listOpenGateways(await engine.networks.list(), policy)])];
}

/**
 * The host's addresses on bridge networks, whoever made them, that a range of the policy or the internet would open.
 * Where an engine names no gateway, it takes the first address.
 */
export function listOpenGateways(
  networks: readonly Pick<NetworkSummary, 'driver' | 'subnets'>[],
  policy: ResolvedNetworkPolicy,
): readonly string[] {
  return networks
    .filter(({ driver }) => driver === 'bridge')
    .flatMap(({ subnets }) => subnets)
    .flatMap(({ subnet, gateway }) => gateway ?? firstOf(subnet))
    .filter((address) => !('problem' in parseRange(address)) && isOpen(address, policy));
}

/** Whether a policy opens more than single addresses. */
export function opensRanges({ allowedIps, allowInternet }: ResolvedNetworkPolicy): boolean {
  return allowInternet || allowedIps.some(({ cidr }) => cidr.includes('/'));
}

function firstOf(subnet: string): readonly string[] {
  const range = parseRange(subnet);
  return 'problem' in range ? [] : [formatAddress(range.family, range.first + 1n)];
}

function isOpen(address: string, { allowedIps, allowInternet }: ResolvedNetworkPolicy): boolean {
  const isIn = (cidr: string): boolean => isCoveredBy(toRange(address), toRange(cidr));
  return allowedIps.some(({ cidr }) => isIn(cidr)) || (allowInternet && !SPECIAL_RANGES.some(isIn));
}
