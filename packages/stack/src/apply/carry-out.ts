import type { ApplyContext } from './apply-context.js';
import { ApplyConflictError, ApplyFailedError } from './apply-errors.js';
import { endTransaction, removeEnded } from './journal.js';
import type { Operation } from './operation.js';
import { runOperations } from './run-operations.js';
import { undoOperations } from './undo-operations.js';

/** How a committed plan ended. */
export type CarryOutResult =
  | { readonly outcome: 'completed' }
  | { readonly outcome: 'undone'; readonly reason: ApplyConflictError | ApplyFailedError };

/** Carries out a committed plan to its end, or undoes it where that can't be done. Rejects only where the undo fails too. */
export async function carryOut(context: ApplyContext, operations: readonly Operation[]): Promise<CarryOutResult> {
  try {
    await runOperations(context, operations);
    await endTransaction(context, 'completed');
  } catch (error) {
    const reason = error instanceof ApplyConflictError ? error : new ApplyFailedError(error);
    await undoOperations(context, operations, error);
    return { outcome: 'undone', reason };
  }
  await context.report('finished');
  await removeEnded(context);
  await context.report('cleaned');
  return { outcome: 'completed' };
}
