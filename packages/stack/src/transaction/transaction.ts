import { posix } from 'node:path';
import { FileService, isWithin } from '@paracle/core';
import { type FileChange, RollbackManager, type RollbackResult } from '@paracle/rollback';
import type { Sandbox } from '@paracle/sandbox';
import { TransactionFailedError } from '../stack-errors.js';
import type { ChangeSet } from './change-set.js';
import { collectChangeSet } from './collect-change-set.js';
import { isCopiedByDefault, type TransactionSpec } from './transaction-spec.js';

/** Grace of processes that a run left behind: its change set is closed when they are gone. */
const CLOSING_GRACE_MS = 500;

/** What comes back from a run that succeeded. */
export interface TransactionResult<Result> {
  /** What the function returned. */
  readonly value: Result;
  /** What it changed, waiting for review and `apply()`. */
  readonly changeSet: ChangeSet;
  /** The state before the run; it ends with the sandbox. */
  readonly snapshotId: string;
}

/**
 * Runs a function against a copy of a workspace in a sandbox. If it returns, what it changed becomes a
 * change set under review; nothing has touched the workspace yet. If it throws, the sandbox is put back
 * as it was, and the error carries what had been changed.
 *
 * @throws TransactionFailedError `PARACLE_STACK_TRANSACTION_FAILED` with the function's error as `cause`;
 * errors of making the sandbox, copying and snapshotting as they are
 */
export async function transaction<Result>(
  spec: TransactionSpec,
  run: (sandbox: Sandbox) => Promise<Result>,
): Promise<TransactionResult<Result>> {
  const { existingSandbox, sandboxes, signal, onStep } = spec;
  signal?.throwIfAborted();
  onStep?.('sandbox');
  if (existingSandbox !== undefined) return runIn(existingSandbox, spec, run);
  await using sandbox = await sandboxes.create(spec.sandbox, signal === undefined ? {} : { signal });
  return await runIn(sandbox, spec, run);
}

async function runIn<Result>(
  sandbox: Sandbox,
  spec: TransactionSpec,
  run: (sandbox: Sandbox) => Promise<Result>,
): Promise<TransactionResult<Result>> {
  const { workspace, reviews, filter = isCopiedByDefault, requestedBy, signal, onStep } = spec;
  const rollback = spec.rollback ?? new RollbackManager({ engine: sandbox.engine });
  onStep?.('copy-in');
  if (spec.existingSandbox !== undefined) await emptyWorkingDirectory(sandbox);
  await sandbox.copyIn(workspace, { filter, ...(signal !== undefined && { signal }) });
  onStep?.('snapshot');
  const snapshotId = await rollback.createSnapshot(sandbox, { signal });
  onStep?.('run');
  let value: Result;
  try {
    value = await run(sandbox);
    signal?.throwIfAborted();
  } catch (error) {
    onStep?.('rollback');
    throw await putBack({ sandbox, rollback, snapshotId }, error);
  }
  onStep?.('diff');
  const connection = await sandbox.engine.supervisors.connect(sandbox.container.id);
  await connection.cancelAll('aborted', CLOSING_GRACE_MS);
  onStep?.('review');
  const changeSet = await collectChangeSet({ workspace, sandbox, rollback, reviews, snapshotId, requestedBy });
  return { value, changeSet, snapshotId };
}

/** The function's error stays the first; a rollback that fails is told beside it. */
async function putBack(
  parts: { readonly sandbox: Sandbox; readonly rollback: RollbackManager; readonly snapshotId: string },
  cause: unknown,
): Promise<TransactionFailedError> {
  const { sandbox, rollback, snapshotId } = parts;
  let changes: readonly FileChange[] = [];
  let result: RollbackResult | undefined;
  let rollbackError: unknown;
  let diffError: unknown;
  try {
    changes = await rollback.diff(snapshotId, sandbox, { root: sandbox.config.workingDirectory });
  } catch (error) {
    diffError = error;
  }
  // Putting back does not depend on being able to tell what had changed.
  try {
    result = await rollback.rollback(snapshotId, sandbox);
  } catch (error) {
    rollbackError = error;
  }
  return new TransactionFailedError(cause, { changes, rollback: result, rollbackError, diffError });
}

async function emptyWorkingDirectory(sandbox: Sandbox): Promise<void> {
  const connection = await sandbox.engine.supervisors.connect(sandbox.container.id);
  await using files = FileService.open(connection, 'root');
  const { workingDirectory } = sandbox.config;
  const { entries, skipped } = await files.walk(workingDirectory);
  const holdsMount = (path: string): boolean => skipped.some((mount) => isWithin(mount, path));
  // What is mounted stays, and so do the directories on the way to it; of all else the topmost go.
  const removed = entries.filter(({ path }) => {
    const text = path.toString();
    const parent = posix.dirname(text);
    return text !== workingDirectory && !holdsMount(text) && (parent === workingDirectory || holdsMount(parent));
  });
  await Promise.all(removed.map(async ({ path }) => files.remove(path)));
}
