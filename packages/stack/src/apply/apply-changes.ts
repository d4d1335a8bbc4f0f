import { ParacleError } from '@paracle/core';
import type { FileChange } from '@paracle/rollback';
import type { ApplyContext, ApplyWatchOptions } from './apply-context.js';
import { ApplyFailedError } from './apply-errors.js';
import { homeName } from './apply-layout.js';
import { carryOut } from './carry-out.js';
import type { CheckedChange } from './check-change.js';
import { checkWorkspace } from './check-workspace.js';
import type { PlannedChange } from './entry.js';
import { endTransaction, markCommitted, readJournalState, removeEnded, writeJournal } from './journal.js';
import { openWorkspace, withLockedWorkspace } from './open-workspace.js';
import type { Operation } from './operation.js';
import { planChanges } from './plan-changes.js';
import { planOperations } from './plan-operations.js';
import { ApplyUndoIncompleteError } from './recover-errors.js';
import { type RecoverResult, recoverLocked } from './recover-locked.js';
import { stageEntries } from './stage-entries.js';
import type { BodySource } from './stage-entry.js';
import { systemCode } from './system-code.js';

/** What {@link applyChanges} needs besides the changes. */
export interface ApplyOptions extends ApplyWatchOptions, BodySource {}

/** What an apply did. */
export interface ApplyResult {
  /** Every path that is now as the change set says, in its order. */
  readonly paths: readonly string[];
  /** What became of an earlier apply that had been interrupted. */
  readonly recovered: RecoverResult;
}

async function prepare(
  context: ApplyContext,
  changes: readonly CheckedChange[],
  operations: readonly Operation[],
  options: ApplyOptions,
): Promise<void> {
  await stageEntries(context, changes, operations, options);
  await writeJournal(context.layout, changes);
  await context.report('journal-written');
  options.signal?.throwIfAborted();
  await markCommitted(context.layout);
}

/** Up to the commit point nothing in the workspace has changed: the attempt is thrown away. */
async function discard(context: ApplyContext): Promise<void> {
  try {
    if ((await readJournalState(context.layout)) === 'none') return;
    await endTransaction(context, 'undone');
    await removeEnded(context);
  } catch (error) {
    const { transaction } = context.layout;
    throw new ApplyUndoIncompleteError(
      transaction,
      [{ path: homeName, reason: systemCode(error) ?? 'unknown reason' }],
      error,
    );
  }
}

async function applyLocked(
  context: ApplyContext,
  changes: readonly PlannedChange[],
  options: ApplyOptions,
): Promise<ApplyResult> {
  const recovered = await recoverLocked(context);
  const checked = await checkWorkspace(context.layout, changes, options.signal);
  await context.report('checked');
  const operations = planOperations(checked);
  try {
    await prepare(context, checked, operations, options);
  } catch (error) {
    await discard(context);
    throw error;
  }
  await context.report('committed');
  const result = await carryOut(context, operations);
  if (result.outcome === 'undone') throw result.reason;
  return { paths: changes.map((change) => change.path), recovered };
}

/**
 * Applies approved changes to a workspace on this machine, all or nothing: a crash at any instant leaves what the next
 * {@link applyChanges} or `recoverApply` completes or undoes. Each file is old or new at any time; where a file and a directory
 * take each other's place there is a moment with neither. Owners are ignored, a mode that the changes don't touch is kept.
 *
 * @throws `PARACLE_STACK_WORKSPACE_INVALID`, `PARACLE_STACK_APPLY_REFUSED`, `PARACLE_STACK_APPLY_CONFLICT`,
 * `PARACLE_STACK_APPLY_BUSY`, `PARACLE_STACK_APPLY_BODY_UNREADABLE`, `PARACLE_STACK_APPLY_BODY_MISMATCH` and
 * `PARACLE_STACK_APPLY_FAILED`, all with the workspace as it was; the signal's reason, likewise;
 * `PARACLE_STACK_APPLY_UNDO_INCOMPLETE` and `PARACLE_STACK_APPLY_JOURNAL_INVALID`, after which the journal is still there.
 */
export async function applyChanges(
  workspace: string,
  changes: readonly FileChange[],
  options: ApplyOptions,
): Promise<ApplyResult> {
  options.signal?.throwIfAborted();
  const planned = planChanges(changes);
  const layout = await openWorkspace(workspace);
  try {
    return await withLockedWorkspace(layout, options, (context) => applyLocked(context, planned, options));
  } catch (error) {
    if (ParacleError.isInstance(error) || (options.signal?.aborted === true && error === options.signal.reason))
      throw error;
    throw new ApplyFailedError(error);
  }
}
