import type { AddressRange } from '../addresses/address-range.js';
import { METADATA_SERVICES } from '../addresses/metadata-services.js';
import { toRange } from '../addresses/parse-range.js';
import { SPECIAL_RANGES } from '../addresses/special-ranges.js';
import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import { type Port, toPort } from '../config/port.js';
import type { ResolvedRulesetContext } from './ruleset-context.js';

/** What a step is about; it names the step's sets in the kernel too. */
export type StepName = 'blocked' | 'named' | 'metadata' | 'host' | 'own' | 'allowed' | 'special' | 'internet';

/** One question about a packet's destination; the first that fits decides. */
export interface PolicyStep {
  readonly name: StepName;
  readonly isAllowed: boolean;
  readonly matches: readonly StepMatch[];
}

/** Addresses, on all ports of TCP and UDP, on all of TCP, or on some. */
export interface StepMatch {
  readonly range: AddressRange;
  readonly ports: 'all' | 'tcp' | readonly Port[];
}

const EVERYWHERE: readonly string[] = ['0.0.0.0/0', '::/0'];

/** A policy as the ordered questions that its ruleset asks. What none of them answers is refused. */
export function toPolicySteps(policy: ResolvedNetworkPolicy, context: ResolvedRulesetContext): readonly PolicyStep[] {
  const hosts = [...context.gateways, ...context.hostAddresses];
  const hostPorts = policy.hostAccess.map((port) => toPort(port));
  const allowed = policy.allowedIps.map(({ cidr, ports }) => toMatch(cidr, toPorts(ports)));
  const isNamed = ({ range }: StepMatch): boolean => range.first === range.last;
  return [
    { name: 'blocked', isAllowed: false, matches: toMatches(policy.blockedIps) },
    {
      name: 'named',
      isAllowed: true,
      matches: [...allowed.filter(isNamed), ...toMatches(hosts, hostPorts)],
    },
    { name: 'metadata', isAllowed: false, matches: toMatches(METADATA_SERVICES) },
    { name: 'host', isAllowed: false, matches: toMatches(hosts) },
    { name: 'own', isAllowed: policy.allowIntraNetwork, matches: toMatches(context.subnets) },
    { name: 'allowed', isAllowed: true, matches: allowed.filter((match) => !isNamed(match)) },
    { name: 'special', isAllowed: false, matches: toMatches(SPECIAL_RANGES) },
    {
      name: 'internet',
      isAllowed: true,
      matches: policy.allowInternet ? toMatches(EVERYWHERE, toPorts(policy.allowedPorts)) : [],
    },
  ];
}

function toMatches(cidrs: readonly string[], ports: StepMatch['ports'] = 'all'): readonly StepMatch[] {
  return cidrs.map((cidr) => toMatch(cidr, ports));
}

function toMatch(cidr: string, ports: StepMatch['ports']): StepMatch {
  return { range: toRange(cidr), ports };
}

function toPorts(names: readonly string[] | undefined): StepMatch['ports'] {
  return names === undefined ? 'tcp' : names.map((name) => toPort(name));
}
