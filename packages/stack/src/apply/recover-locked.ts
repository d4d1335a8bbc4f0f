import type { ApplyContext } from './apply-context.js';
import { carryOut } from './carry-out.js';
import { endTransaction, readJournal, readJournalState, removeEnded } from './journal.js';
import { planOperations } from './plan-operations.js';
import { readStats } from './read-entry.js';
import { undoOperations } from './undo-operations.js';

/** What recovery found and did: nothing was interrupted, or it was completed, or it was undone. */
export type RecoverResult = 'nothing' | 'completed' | 'undone';

async function recoverTransaction(context: ApplyContext, isUndoing: boolean): Promise<RecoverResult> {
  const operations = planOperations(await readJournal(context.layout));
  if (isUndoing) {
    await undoOperations(context, operations);
    return 'undone';
  }
  const result = await carryOut(context, operations);
  if (result.outcome === 'undone')
    context.logger?.warn({ err: result.reason }, 'interrupted apply undone: it could not be completed');
  return result.outcome;
}

/** Finishes what an interrupted apply left; the caller holds the lock. */
export async function recoverLocked(context: ApplyContext): Promise<RecoverResult> {
  const { layout } = context;
  const isCompleted = (await readStats(layout.completed)) !== undefined;
  const isUndone = (await readStats(layout.undone)) !== undefined;
  await removeEnded(context);
  const state = await readJournalState(layout);
  if (state === 'none') return isCompleted ? 'completed' : isUndone ? 'undone' : 'nothing';
  if (state !== 'open') return recoverTransaction(context, state === 'undoing');
  await endTransaction(context, 'undone');
  await removeEnded(context);
  return 'undone';
}
