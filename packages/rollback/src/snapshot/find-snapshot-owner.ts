import { type CallOptions, type Engine, labelKeys } from '@paracle/core';
import { SnapshotNotFoundError } from '../errors/rollback-errors.js';
import type { SnapshotDescription } from './snapshot-description.js';

/**
 * The running sandbox that has a snapshot.
 * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`; its cause has why some could not be asked
 */
export async function findSnapshotOwner(
  snapshotId: string,
  {
    engine,
    list,
    signal,
    timeoutMs,
  }: CallOptions & {
    readonly engine: Engine;
    readonly list: (containerId: string) => Promise<readonly SnapshotDescription[]>;
  },
): Promise<string> {
  const failures: unknown[] = [];
  const labels = { [labelKeys.purpose]: 'sandbox' };
  for (const { id: containerId } of await engine.containers.list({ labels, signal, timeoutMs })) {
    try {
      if ((await list(containerId)).some(({ id }) => id === snapshotId)) return containerId;
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(error);
    }
  }
  const cause = new AggregateError(failures, 'Some sandboxes could not be asked');
  throw new SnapshotNotFoundError(snapshotId, failures.length === 0 ? {} : { cause });
}
