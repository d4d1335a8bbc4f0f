import { ParacleError } from '@paracle/core';
import type { ApplyWatchOptions } from './apply-context.js';
import { openWorkspace, withLockedWorkspace } from './open-workspace.js';
import { readStats } from './read-entry.js';
import { RecoverFailedError } from './recover-errors.js';
import { type RecoverResult, recoverLocked } from './recover-locked.js';

/**
 * Finishes what a crash interrupted: an apply that was committed is completed (or undone, where the workspace has changed
 * or the system refuses), any other is thrown away. Afterwards the workspace is entirely old or entirely new.
 *
 * @throws `PARACLE_STACK_WORKSPACE_INVALID`, `PARACLE_STACK_APPLY_BUSY`; `PARACLE_STACK_APPLY_JOURNAL_INVALID` and
 * `PARACLE_STACK_APPLY_UNDO_INCOMPLETE`, after which the journal is still there; `PARACLE_STACK_RECOVER_FAILED`.
 */
export async function recoverApply(workspace: string, options: ApplyWatchOptions = {}): Promise<RecoverResult> {
  const layout = await openWorkspace(workspace);
  const home = await readStats(layout.home);
  if (home === undefined || (home.isDirectory() && (await readStats(layout.directory)) === undefined)) return 'nothing';
  try {
    return await withLockedWorkspace(layout, options, recoverLocked);
  } catch (error) {
    throw ParacleError.isInstance(error) ? error : new RecoverFailedError(error);
  }
}
