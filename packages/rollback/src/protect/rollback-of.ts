import type { RollbackResult } from '../restore/rollback-options.js';

/** Beside the errors instead of on them: they may be frozen, and stay as they were thrown. Goes when they go. */
const rollbacks = new WeakMap<object, RollbackResult>();

/**
 * What was undone before `protect` rethrew this error; after protects within one another, what the outermost of them
 * undid. Undefined where nothing was, and always for a thrown value that is no object, such as a text.
 */
export function rollbackOf(error: unknown): RollbackResult | undefined {
  return isKey(error) ? rollbacks.get(error) : undefined;
}

/** Lets {@link rollbackOf} find a result. */
export function rememberRollback(error: unknown, result: RollbackResult): void {
  if (isKey(error)) rollbacks.set(error, result);
}

function isKey(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
