import { ParacleError } from '@paracle/core';
import type { FileChange, RollbackResult } from '@paracle/rollback';
import { stackErrorCodes } from './stack-error-codes.js';

/** A failure of the composition itself. */
export class StackError extends ParacleError {
  override readonly name: string = 'StackError';
}

/** A transaction's function failed; its error is the `cause`. Nothing has touched the workspace. */
export class TransactionFailedError extends StackError {
  override readonly name: string = 'TransactionFailedError';
  /** What the run had changed in the sandbox before it was put back. */
  readonly changes: readonly FileChange[];
  /** What the rollback did; absent where it failed. */
  readonly rollback?: RollbackResult;
  /** Why the sandbox could not be put back; absent where it was. */
  readonly rollbackError?: unknown;
  /** Why `changes` is empty though something may have changed; absent where it is complete. */
  readonly diffError?: unknown;

  constructor(
    cause: unknown,
    outcome: {
      changes: readonly FileChange[];
      rollback: RollbackResult | undefined;
      rollbackError: unknown;
      diffError: unknown;
    },
  ) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const isBack = outcome.rollback !== undefined;
    super(
      stackErrorCodes.transactionFailed,
      `The run failed and ${isBack ? 'was rolled back' : 'could not be rolled back'}: ${why}`,
      { cause, details: { changedCount: outcome.changes.length, isRolledBack: isBack } },
    );
    this.changes = outcome.changes;
    if (outcome.rollback !== undefined) this.rollback = outcome.rollback;
    if (outcome.rollbackError !== undefined) this.rollbackError = outcome.rollbackError;
    if (outcome.diffError !== undefined) this.diffError = outcome.diffError;
  }
}
