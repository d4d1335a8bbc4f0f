import { ParacleError } from '@paracle/core';
import { rollbackErrorCodes } from './rollback-error-codes.js';

/** A failure of a snapshot or rollback. */
export class RollbackError extends ParacleError {
  override readonly name: string = 'RollbackError';
}

/** No snapshot has this id. */
export class SnapshotNotFoundError extends RollbackError {
  override readonly name: string = 'SnapshotNotFoundError';

  constructor(snapshotId: string, options: { readonly cause?: unknown } = {}) {
    super(rollbackErrorCodes.snapshotNotFound, `No snapshot ${snapshotId}`, {
      ...options,
      details: { snapshotId },
      suggestion: 'It was deleted or retired, or its sandbox is gone; listSnapshots() tells what there is.',
    });
  }
}

/** A rollback could not restore everything; the safety snapshot holds the state before it. */
export class RollbackIncompleteError extends RollbackError {
  override readonly name: string = 'RollbackIncompleteError';
  /** Paths that are not as they were, with the difference. */
  readonly differences: readonly string[];

  constructor(snapshotId: string, differences: readonly string[], safetySnapshotId: string | undefined) {
    super(
      rollbackErrorCodes.incomplete,
      `After the rollback to ${snapshotId} ${differences.length} paths are not as they were: ${differences.slice(0, 5).join('; ')}`,
      {
        details: { snapshotId, differences: differences.slice(0, 1000), safetySnapshotId },
        suggestion: 'Roll back again, or destroy the sandbox.',
      },
    );
    this.differences = differences;
  }
}
