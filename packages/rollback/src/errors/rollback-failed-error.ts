import { ParacleError } from '@paracle/core';
import type { RollbackTrigger } from '../config/rollback-config.js';
import type { WorkOutcome } from '../protect/find-trigger.js';
import { rollbackErrorCodes } from './rollback-error-codes.js';
import { RollbackError } from './rollback-errors.js';

/**
 * Protected work failed and could not be undone. The `cause` is what the work threw; where it threw nothing, it is why
 * the rollback failed.
 */
export class RollbackFailedError extends RollbackError {
  override readonly name: string = 'RollbackFailedError';
  /** The state before the work. It was not deleted, so that the rollback can be made again while the sandbox lives. */
  readonly snapshotId: string;
  /** Why the rollback failed. */
  readonly rollbackError: unknown;
  /** What the work resolved with, where it threw nothing. */
  readonly value?: unknown;

  constructor(
    rollbackError: unknown,
    failure: { readonly snapshotId: string; readonly trigger: RollbackTrigger; readonly outcome: WorkOutcome },
  ) {
    const { snapshotId, trigger, outcome } = failure;
    const first = outcome.type === 'thrown' ? `failed (${wordsOf(outcome.error)})` : 'held a command that failed';
    super(
      rollbackErrorCodes.failed,
      `The work ${first}, and the rollback to ${snapshotId} failed too: ${wordsOf(rollbackError)}`,
      {
        details: {
          snapshotId,
          trigger,
          ...(ParacleError.isInstance(rollbackError) && { rollbackCode: rollbackError.code }),
        },
        suggestion: 'Roll back to the snapshot again, or destroy the sandbox.',
        cause: outcome.type === 'thrown' ? outcome.error : rollbackError,
      },
    );
    this.snapshotId = snapshotId;
    this.rollbackError = rollbackError;
    if (outcome.type === 'returned') this.value = outcome.value;
  }
}

/** What is thrown may be anything; to put it in words must not throw. */
function wordsOf(error: unknown): string {
  if (error instanceof Error || ParacleError.isInstance(error)) return error.message;
  return typeof error === 'string' ? error : `a thrown ${typeof error}`;
}
