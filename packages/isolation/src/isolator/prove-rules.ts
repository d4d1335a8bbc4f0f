import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import type { ExplainDenial } from '../denials/explain-denial.js';
import { type JournalReading, readJournal } from '../denials/parse-denials.js';
import { hasGeneration } from '../ruleset/has-generation.js';
import { hashRuleset } from '../ruleset/hash-ruleset.js';
import type { ResolvedRulesetContext } from '../ruleset/ruleset-context.js';
import { type Canary, type CanaryTarget, chooseCanaries, parseCanaries } from './canary.js';

/** What was loaded last. */
export interface Rules {
  readonly policy: ResolvedNetworkPolicy;
  readonly context: ResolvedRulesetContext;
  readonly explain: ExplainDenial;
}

/** What must be found. */
interface ExpectedRules {
  readonly rules: Rules;
  /** The container's, in the namespace that is looked at. */
  readonly address: string;
  /** As it was found before; empty for rules that were just loaded. */
  readonly rulesetHash: string;
}

/** How the guard is asked. */
interface Looks {
  readonly look: (...args: readonly string[]) => Promise<string>;
  readonly listTable: () => Promise<string>;
}

/** What was found. */
interface SeenRules {
  readonly rulesetHash: string;
  readonly targets: readonly CanaryTarget[];
  readonly canaries: readonly Canary[];
  readonly journal: JournalReading;
  /** Empty where everything is as it should be. */
  readonly differences: readonly string[];
}

/** Tries what must be refused, and reads back what the kernel has. */
export async function proveRules(
  { rules, address, rulesetHash }: ExpectedRules,
  { look, listTable }: Looks,
): Promise<SeenRules> {
  const isFirst = rulesetHash === '';
  const { onLink, others } = chooseCanaries(rules);
  const targets = [...onLink, ...others];
  const words = targets.flatMap((target) => [target.address, String(target.port)]);
  const [tried, host] = await Promise.all([
    targets.length === 0 ? '' : look('connect', ...words),
    isFirst ? look('host') : '',
  ]);
  const canaries = parseCanaries(tried);
  const table = await listTable();
  const found = hashRuleset(table);
  const journal = readJournal(table, rules.explain);
  // What runs inside can fill the journal, so that ours found no room in it: then it says nothing.
  const unseen = isFirst && !journal.isTruncated ? onLink.filter((canary) => !hasEntry(journal, canary)) : [];
  const differences = [
    ...canaries.filter(({ errno }) => errno === 0).map((canary) => `${canary.address}:${canary.port} can be reached`),
    ...(isFirst && !host.split('\n').includes(`address ${address}`) ? ['the guard does not stand in its network'] : []),
    ...(isFirst && !hasGeneration(table, rules.context.generation) ? ['somebody else loaded rules meanwhile'] : []),
    ...unseen.map((canary) => `${canary.address}:${canary.port} was not refused by the rules`),
    ...(isFirst || found === rulesetHash ? [] : ['the rules were changed']),
  ];
  return { rulesetHash: found, targets, canaries, journal, differences };
}

function hasEntry({ entries }: JournalReading, { address, port }: CanaryTarget): boolean {
  return entries.some(({ denial }) => denial.address === address && denial.port === port);
}
