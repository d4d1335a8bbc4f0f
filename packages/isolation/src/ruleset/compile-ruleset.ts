import { parseConfig } from '@paracle/core';
import { findContradiction } from '../config/network-config.js';
import { type NetworkPolicy, parseNetworkPolicy, type ResolvedNetworkPolicy } from '../config/network-policy.js';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';
import { inputChain, outputChain } from './base-chains.js';
import { compileStep } from './compile-step.js';
import { declareJournal, refuseChain } from './denial-journal.js';
import { type PolicyStep, toPolicySteps } from './policy-steps.js';
import {
  familiesOf,
  type ResolvedRulesetContext,
  type RulesetContext,
  rulesetContextSchema,
} from './ruleset-context.js';

/** The one table that is ours; the engine's own are left alone. */
const TABLE = 'inet paracle';

/**
 * Compiles a policy to the text of one nftables table, for `nft -f`. Loading it replaces the table before in one
 * transaction: there is no moment without rules, and a text that the kernel refuses changes nothing. The same policy
 * and context give the same text. The journal of denials begins anew: read it before.
 * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` for a malformed policy or context.
 * @throws IsolationError `PARACLE_ISOLATION_POLICY_CONTRADICTION` where the policy contradicts itself on this network.
 */
export function compileRuleset(policy: NetworkPolicy, context: RulesetContext): string {
  const resolved = parseNetworkPolicy(policy);
  const where = parseConfig(rulesetContextSchema, context, 'ruleset context');
  const contradiction = findContradiction({ internal: false, policy: resolved, subnets: where.subnets });
  if (contradiction !== undefined) {
    throw new IsolationError(
      isolationErrorCodes.policyContradiction,
      `The policy contradicts itself: ${contradiction}`,
    );
  }
  return `${REPLACE}${formatTable(resolved, where)}`;
}

/** Takes away the table before; deleting needs one that is there, so it is added first. */
export const REPLACE: string = `add table ${TABLE}\ndelete table ${TABLE}\n`;

/**
 * Fails where there is a table: a namespace that has none is served in less than half the time, since the kernel waits
 * 15 ms until nobody can be using what it deletes.
 */
export const CREATE: string = `create table ${TABLE}\n`;

/** The table alone, for {@link REPLACE} or {@link CREATE}, of what was checked before. */
export function formatTable(
  policy: ResolvedNetworkPolicy,
  context: ResolvedRulesetContext,
  steps: readonly PolicyStep[] = toPolicySteps(policy, context),
): string {
  const compiled = steps.flatMap((step) => familiesOf(context).map((family) => compileStep(step, family)));
  const chains = [
    refuseChain(),
    { name: 'allow', rules: [`ct mark set ${context.generation}`, 'accept'] },
    inputChain(policy, context),
    outputChain({ policy, context, stepRules: compiled.flatMap(({ rules }) => rules) }),
    { name: 'forward', rules: ['type filter hook forward priority filter; policy drop;'] },
  ];
  return [
    `table ${TABLE} {`,
    ...[...declareJournal(), ...compiled.flatMap(({ sets }) => sets)].map((set) => `  ${set}`),
    ...chains.flatMap(({ name, rules }) => [`  chain ${name} {`, ...rules.map((rule) => `    ${rule}`), '  }']),
    '}',
    '',
  ].join('\n');
}
