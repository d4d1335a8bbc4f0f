import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import type { ExplainDenial } from '../denials/explain-denial.js';
import { type JournalReading, readJournal } from '../denials/parse-denials.js';
import { hasGeneration } from '../ruleset/has-generation.js';
import { hashObjects } from '../ruleset/hash-ruleset.js';
import { readNftObjects } from '../ruleset/read-nft-objects.js';
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
  /**
   * Whether a way to everywhere is to be opened first: without one the kernel refuses before the rules do, and nothing
   * tells what was refused.
   */
  readonly needsWay: boolean;
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

/** Tries what must be refused, and reads back what the kernel has, by the guard's `look prove`. */
export async function proveRules(
  { rules, address, rulesetHash, needsWay }: ExpectedRules,
  look: (...args: readonly string[]) => Promise<string>,
): Promise<SeenRules> {
  const isFirst = rulesetHash === '';
  const { onLink, others } = chooseCanaries(rules);
  const targets = [...onLink, ...others];
  const words = targets.flatMap((target) => [target.address, String(target.port)]);
  const output = await look('prove', needsWay ? address : '-', ...words);
  const start = output.indexOf('{');
  const lines = output.slice(0, start).split('\n');
  const objects = readNftObjects(output.slice(start));
  const canaries = parseCanaries(lines);
  const found = hashObjects(objects);
  const journal = readJournal(objects, rules.explain);
  // What runs inside can fill the journal, so that ours found no room in it: then it says nothing.
  const unseen = isFirst && !journal.isTruncated ? onLink.filter((canary) => !hasEntry(journal, canary)) : [];
  const differences = [
    ...canaries.filter(({ errno }) => errno === 0).map((canary) => `${canary.address}:${canary.port} can be reached`),
    ...(lines.includes(`address ${address}`) ? [] : ['the guard does not stand in its network']),
    ...(!needsWay || lines.includes('way 0') ? [] : ['the guard could not open a way to where the rules refuse']),
    ...(isFirst && !hasGeneration(objects, rules.context.generation) ? ['somebody else loaded rules meanwhile'] : []),
    ...unseen.map((canary) => `${canary.address}:${canary.port} was not refused by the rules`),
    ...(isFirst || found === rulesetHash ? [] : ['the rules were changed']),
  ];
  return { rulesetHash: found, targets, canaries, journal, differences };
}

function hasEntry({ entries }: JournalReading, { address, port }: CanaryTarget): boolean {
  return entries.some(({ denial }) => denial.address === address && denial.port === port);
}
