import { type CallOptions, type Engine, labelKeys, listHolds } from '@paracle/core';
import { isOursToStart } from '../use-sandbox.js';
import { inBatches } from './in-batches.js';
import { JOURNAL_NAME } from './journal.js';
import type { RollbackResult } from './rollback-options.js';

/** A rollback that was cut short, and what became of it. */
export type RecoveredRollback =
  | { readonly containerId: string; readonly status: 'finished'; readonly result: RollbackResult }
  | { readonly containerId: string; readonly status: 'failed'; readonly error: unknown };

/** Sandboxes with the journal of a rollback, of this process or of those that have ended; running or not. */
export async function findInterrupted(engine: Engine, options: CallOptions): Promise<readonly string[]> {
  const labels = { [labelKeys.managed]: 'true', [labelKeys.purpose]: 'sandbox' };
  const sandboxes = (await engine.containers.list({ ...options, all: true, labels })).filter((sandbox) =>
    isOursToStart(sandbox.labels),
  );
  const found = await inBatches(sandboxes, async ({ id }) =>
    (await listHolds(engine, id, options)).includes(JOURNAL_NAME) ? [id] : [],
  );
  return found.flat();
}
