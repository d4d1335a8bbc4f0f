import { coreErrorCodes } from './core-error-codes.js';
import { ParacleError } from './paracle-error.js';

/** Some orphaned objects could not be removed; all others were. The cause is an `AggregateError` of every failure. */
export class PruneIncompleteError extends ParacleError {
  override readonly name: string = 'PruneIncompleteError';

  constructor(failed: readonly string[], removed: readonly string[], failures: readonly unknown[]) {
    super(
      coreErrorCodes.pruneIncomplete,
      `${failed.length} orphaned objects could not be removed: ${failed.join(', ')}.`,
      {
        details: { failed, removed },
        suggestion: 'Look at the causes and prune again; what was removed stays removed.',
        cause: new AggregateError(failures, 'Removal failed'),
      },
    );
  }
}
