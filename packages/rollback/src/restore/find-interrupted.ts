import { type CallOptions, type Engine, labelKeys, listHolds } from '@paracle/core';
import { isOursToStart } from '../use-sandbox.js';
import { inBatches } from './in-batches.js';
import { JOURNAL_NAME } from './journal.js';
import type { RollbackResult } from './rollback-options.js';

/**
 * A rollback that was cut short, and what became of it. `completed`: in the state of the snapshot. Of a container that
 * Paracle did not make also `undone`: as before, or `gone`: somebody removed it.
 */
export type RecoveredRollback = {
  /** A sandbox's container by its id, another container by its name. */
  readonly container: string;
} & (
  | { readonly outcome: 'completed'; readonly result?: RollbackResult }
  | { readonly outcome: 'undone' | 'gone' }
  | { readonly outcome: 'failed'; readonly error: unknown }
);

/**
 * Sandboxes with the journal of a rollback, of this process or of those that have ended, running or not; and those of which
 * nobody can tell.
 */
export async function findInterrupted(
  engine: Engine,
  options: CallOptions,
): Promise<{ readonly containerIds: readonly string[]; readonly failed: readonly RecoveredRollback[] }> {
  const labels = { [labelKeys.managed]: 'true', [labelKeys.purpose]: 'sandbox' };
  const sandboxes = (await engine.containers.list({ ...options, all: true, labels })).filter((sandbox) =>
    isOursToStart(sandbox.labels),
  );
  const containerIds: string[] = [];
  const failed: RecoveredRollback[] = [];
  await inBatches(sandboxes, async ({ id }) => {
    try {
      if ((await listHolds(engine, id, options)).includes(JOURNAL_NAME)) containerIds.push(id);
    } catch (error) {
      options.signal?.throwIfAborted();
      failed.push({ container: id, outcome: 'failed', error });
    }
  });
  return { containerIds, failed };
}
