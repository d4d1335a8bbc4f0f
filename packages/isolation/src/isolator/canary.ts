import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import type { ExplainDenial } from '../denials/explain-denial.js';
import { RESOLVER } from '../ruleset/base-chains.js';
import type { ResolvedRulesetContext } from '../ruleset/ruleset-context.js';

/** A connection that a policy refuses, tried from inside. */
export interface CanaryTarget {
  readonly address: string;
  readonly port: number;
}

/** What became of a canary. */
export interface Canary extends CanaryTarget {
  /** The kernel's number of why it failed, such as 111 (ECONNREFUSED); 0 where it got through. */
  readonly errno: number;
}

/** What canaries are chosen by. */
interface CanaryContext {
  readonly policy: ResolvedNetworkPolicy;
  readonly context: ResolvedRulesetContext;
  readonly explain: ExplainDenial;
}

/** Ports that hardly anybody opens; one that the policy does open is passed over. */
const QUIET_PORTS: readonly number[] = [9, 7, 19, 13];

const METADATA = '169.254.169.254';

/**
 * What to try: the gateway, to which there is always a way, so that it must be the rules that refuse it; the resolver,
 * unless it is open; and the address where most clouds hand out credentials.
 */
export function chooseCanaries({ policy, context, explain }: CanaryContext): {
  readonly onLink: readonly CanaryTarget[];
  readonly others: readonly CanaryTarget[];
} {
  const isRefused = ({ address, port }: CanaryTarget): boolean =>
    explain({ address, protocol: 'tcp', port }).reason !== 'packet';
  const gateways = context.gateways.flatMap((address) => {
    const port = QUIET_PORTS.find((quiet) => isRefused({ address, port: quiet }));
    return port === undefined ? [] : [{ address, port }];
  });
  const resolver = policy.dns === 'closed' ? [{ address: RESOLVER, port: 53 }] : [];
  return { onLink: [...gateways, ...resolver], others: [{ address: METADATA, port: 80 }].filter(isRefused) };
}

/** Reads what `look prove` printed of its canaries. */
export function parseCanaries(lines: readonly string[]): readonly Canary[] {
  return lines.flatMap((line) => {
    const [kind, address = '', port, errno] = line.split(' ');
    return kind === 'canary' ? [{ address, port: Number(port), errno: Number(errno) }] : [];
  });
}
