import type { ResolvedRollbackConfig, RollbackTrigger } from '../config/rollback-config.js';
import { RollbackFailedError } from '../errors/rollback-failed-error.js';
import type { RollbackResult } from '../restore/rollback-options.js';
import { findTrigger, type WorkOutcome } from './find-trigger.js';
import { rememberRollback } from './rollback-of.js';

/** What work under protection is given. */
export interface ProtectContext {
  /** The state before the work: `rollback(snapshotId, sandbox)` goes back to it at any time. */
  readonly snapshotId: string;
  /** The caller's signal, or one that never fires: hand it to commands. */
  readonly signal: AbortSignal;
}

/** What came of protected work that threw nothing. */
export type ProtectResult<Value> =
  | {
      /** What the work did stands. */
      readonly status: 'kept';
      readonly value: Value;
      /** The state before the work; only with `keepSnapshot`. */
      readonly snapshotId?: string;
    }
  | {
      /** What the work did is undone. */
      readonly status: 'rolled_back';
      readonly value: Value;
      /** What the rollback did. */
      readonly rollback: RollbackResult;
      /** The state before the work, which is the present one; only with `keepSnapshot`. */
      readonly snapshotId?: string;
    };

/** What a protected run is made of. */
export interface ProtectSteps {
  readonly policy: ResolvedRollbackConfig['policy'];
  readonly keepSnapshot: boolean;
  readonly rollBack: (snapshotId: string) => Promise<RollbackResult>;
  /** Deletes the snapshot; never rejects. */
  readonly discard: (snapshotId: string) => Promise<void>;
}

/**
 * Runs work after its snapshot was taken, and rolls back where the policy names how it ended.
 *
 * @throws what the work threw, itself, whether or not that was rolled back
 * @throws RollbackFailedError `PARACLE_ROLLBACK_FAILED`; the snapshot is then still there
 */
export async function runProtected<Value>(
  work: (context: ProtectContext) => Promise<Value>,
  context: ProtectContext,
  steps: ProtectSteps,
): Promise<ProtectResult<Value>> {
  const { snapshotId } = context;
  const outcome = await outcomeOf(work, context);
  const trigger = findTrigger(steps.policy, outcome);
  const rollback = trigger && (await putBack(steps, { snapshotId, trigger, outcome }));
  if (!steps.keepSnapshot) await steps.discard(snapshotId);
  if (outcome.type === 'thrown') {
    if (rollback !== undefined) rememberRollback(outcome.error, rollback);
    throw outcome.error;
  }
  const result = { value: outcome.value, ...(steps.keepSnapshot && { snapshotId }) };
  return rollback === undefined ? { status: 'kept', ...result } : { status: 'rolled_back', rollback, ...result };
}

/** Work that was aborted has not ended well, whatever it makes of the signal. */
async function outcomeOf<Value>(
  work: (context: ProtectContext) => Promise<Value>,
  context: ProtectContext,
): Promise<WorkOutcome<Value>> {
  try {
    const value = await work(context);
    context.signal.throwIfAborted();
    return { type: 'returned', value };
  } catch (error) {
    return { type: 'thrown', error };
  }
}

async function putBack(
  { rollBack }: ProtectSteps,
  failure: { readonly snapshotId: string; readonly trigger: RollbackTrigger; readonly outcome: WorkOutcome },
): Promise<RollbackResult> {
  try {
    return await rollBack(failure.snapshotId);
  } catch (rollbackError) {
    throw new RollbackFailedError(rollbackError, failure);
  }
}
