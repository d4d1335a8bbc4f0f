import type { ApplyContext } from './apply-context.js';
import { type PathIssue } from './apply-errors.js';
import { homeName } from './apply-layout.js';
import { endTransaction, markUndoing, removeEnded } from './journal.js';
import type { Operation } from './operation.js';
import { ApplyUndoIncompleteError } from './recover-errors.js';
import { restoreOperation } from './restore-operation.js';
import { syncParents } from './sync-parents.js';
import { systemCode } from './system-code.js';

interface UndoIssue extends PathIssue {
  readonly error?: unknown;
}

/** Runs one part of an undo; what fails is noted and does not stop the rest. */
async function attempt(issues: UndoIssue[], path: string, action: () => Promise<unknown>): Promise<void> {
  try {
    const reason = await action();
    if (typeof reason === 'string') issues.push({ path, reason });
  } catch (error) {
    issues.push({ path, reason: systemCode(error) ?? 'unknown reason', error });
  }
}

async function restoreAll(context: ApplyContext, operations: readonly Operation[], issues: UndoIssue[]): Promise<void> {
  await context.report('undo-started');
  for (const operation of operations.toReversed()) {
    await attempt(issues, operation.path, () => restoreOperation(context.layout, operation));
    await context.report('entry-restored');
  }
  await attempt(issues, homeName, () => syncParents(context.layout, operations));
  await context.report('restored');
}

/**
 * Puts everything back as it was before a committed plan, in reverse order, and ends the transaction. Can be repeated.
 * What cannot be put back does not stop the rest; then the journal stays.
 */
export async function undoOperations(
  context: ApplyContext,
  operations: readonly Operation[],
  reason?: unknown,
): Promise<void> {
  const issues: UndoIssue[] = [];
  await attempt(issues, homeName, () => markUndoing(context.layout));
  // Without the mark a crash would make recovery go forward from a state that is half undone.
  if (issues.length === 0) await restoreAll(context, operations, issues);
  if (issues.length === 0) await attempt(issues, homeName, () => endTransaction(context, 'undone'));
  if (issues.length > 0) {
    const failures = [reason, ...issues.map((issue) => issue.error)].filter((failure) => failure !== undefined);
    const plain = issues.map((issue) => ({ path: issue.path, reason: issue.reason }));
    throw new ApplyUndoIncompleteError(context.layout.transaction, plain, new AggregateError(failures));
  }
  await context.report('finished');
  await removeEnded(context);
  await context.report('cleaned');
}
