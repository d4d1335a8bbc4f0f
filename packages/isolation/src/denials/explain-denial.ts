import { type AddressRange, isCoveredBy } from '../addresses/address-range.js';
import { toRange } from '../addresses/parse-range.js';
import type { NetworkPolicy, ResolvedNetworkPolicy } from '../config/network-policy.js';
import { formatPort, type Port } from '../config/port.js';
import { RESOLVER } from '../ruleset/base-chains.js';
import { type PolicyStep, type StepMatch, type StepName, toPolicySteps } from '../ruleset/policy-steps.js';
import { familiesOf, type ResolvedRulesetContext } from '../ruleset/ruleset-context.js';
import type { Denial, DenialReason } from './denial.js';

/** Where a packet was to go. */
export type Destination = Pick<Denial, 'address' | 'protocol' | 'port'>;

/** Says why a destination is refused, and what to add to the policy. */
export type ExplainDenial = (destination: Destination) => Pick<Denial, 'reason' | 'suggestion'>;

const REASONS: Readonly<Record<StepName, DenialReason>> = {
  blocked: 'blocked',
  named: 'packet',
  metadata: 'metadata',
  host: 'host',
  own: 'neighbour',
  allowed: 'packet',
  special: 'special',
  internet: 'packet',
};

/** Makes what explains a policy's denials, by the questions that its ruleset asks. */
export function createExplanation(
  policy: ResolvedNetworkPolicy,
  context: ResolvedRulesetContext,
  steps: readonly PolicyStep[] = toPolicySteps(policy, context),
): ExplainDenial {
  const families = familiesOf(context);
  return (destination) => {
    const range = toRange(destination.address);
    const port = toKnownPort(destination);
    if (destination.address === RESOLVER && policy.dns === 'closed')
      return { reason: 'dns', suggestion: { dns: 'engine' } };
    if (!families.includes(range.family)) return { reason: 'family' };
    const reason = findReason(steps, range, port);
    if (port === undefined) return { reason: reason === 'blocked' ? reason : 'protocol' };
    const suggestion = suggest(reason, destination.address, port);
    return suggestion === undefined ? { reason } : { reason, suggestion };
  };
}

function findReason(steps: readonly PolicyStep[], range: AddressRange, port: Port | undefined): DenialReason {
  const step = steps.find(({ matches }) => matches.some((match) => doesMatch(match, range, port)));
  if (step === undefined) return 'internet';
  return step.isAllowed ? 'packet' : REASONS[step.name];
}

function doesMatch({ range, ports }: StepMatch, address: AddressRange, port: Port | undefined): boolean {
  if (!isCoveredBy(address, range)) return false;
  if (ports === 'all') return true;
  if (ports === 'tcp') return port?.protocol === 'tcp';
  return ports.some((open) => open.port === port?.port && open.protocol === port.protocol);
}

function suggest(reason: DenialReason, address: string, port: Port): NetworkPolicy | undefined {
  switch (reason) {
    case 'neighbour':
      // Naming its address would open this end only; the neighbour's has the same policy.
      return { allowIntraNetwork: true };
    case 'host':
      return { hostAccess: [formatPort(port)] };
    case 'metadata':
    case 'special':
    case 'internet':
      return { allowedIps: [{ cidr: address, ports: [formatPort(port)] }] };
    case 'blocked':
    case 'dns':
    case 'protocol':
    case 'family':
    case 'packet':
      return undefined;
  }
}

function toKnownPort({ protocol, port }: Destination): Port | undefined {
  return port !== undefined && port > 0 && (protocol === 'tcp' || protocol === 'udp') ? { port, protocol } : undefined;
}
