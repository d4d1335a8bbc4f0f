import { ParacleError } from '@paracle/core';
import type { ResolvedRollbackConfig, RollbackTrigger } from '../config/rollback-config.js';
import { holdsFailedExecution } from './holds-failed-execution.js';
import { ownProperty } from './own-property.js';

/** How work ended. */
export type WorkOutcome<Value = unknown> =
  | { readonly type: 'returned'; readonly value: Value }
  | { readonly type: 'thrown'; readonly error: unknown };

/** Codes of `@paracle/sandbox`, which this package knows by name only. */
const TRIGGER_OF_CODE: ReadonlyMap<string, RollbackTrigger> = new Map<string, RollbackTrigger>([
  ['PARACLE_SANDBOX_TIMEOUT', 'on_timeout'],
  ['PARACLE_SANDBOX_LIMIT_EXCEEDED', 'on_limit'],
  ['PARACLE_SANDBOX_EXIT_NON_ZERO', 'on_nonzero_exit'],
]);

/** The trigger by which a policy wants a rollback after this outcome; undefined where it wants none. */
export function findTrigger(
  { enabled, triggers }: ResolvedRollbackConfig['policy'],
  outcome: WorkOutcome,
): RollbackTrigger | undefined {
  if (!enabled) return undefined;
  if (outcome.type === 'thrown') return namesOf(outcome.error).find((name) => triggers.includes(name));
  return triggers.includes('on_nonzero_exit') && holdsFailedExecution(outcome.value) ? 'on_nonzero_exit' : undefined;
}

/** Every trigger that a thrown value answers to: by what it is, then by what it was caused by. */
function namesOf(error: unknown): RollbackTrigger[] {
  const [own, ...causes] = causesOf(error).map(triggerOf);
  const isNamedAlone = own === 'on_timeout' || own === 'on_limit';
  return [own, isNamedAlone ? undefined : ('on_error' as const), ...causes].filter((name) => name !== undefined);
}

function triggerOf(error: unknown): RollbackTrigger | undefined {
  return ParacleError.isInstance(error) ? TRIGGER_OF_CODE.get(error.code) : undefined;
}

/** What was thrown, then its cause, the cause of that, and so on; a circle ends where it closes. */
function causesOf(error: unknown): unknown[] {
  const chain = [error];
  for (let cause = causeOf(error); cause !== undefined && !chain.includes(cause); cause = causeOf(cause))
    chain.push(cause);
  return chain;
}

function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? ownProperty(error, 'cause') : undefined;
}
