import { coreErrorCodes, hasCode } from '@paracle/core';
import { rollbackErrorCodes } from './rollback-error-codes.js';
import { RollbackError } from './rollback-errors.js';

const NO_SPACE: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Throws what was thrown, or what it means where there was no space left.
 * @throws RollbackError `PARACLE_ROLLBACK_NO_SPACE`
 */
export function tellNoSpace(error: unknown): never {
  if (!hasCode(error, coreErrorCodes.fileOperation) || !NO_SPACE.has(error.details['errno'])) throw error;
  throw new RollbackError(
    rollbackErrorCodes.noSpace,
    `There was no space left, on the engine's disk or where the sandbox has ${String(error.details['path'])}`,
    {
      details: { path: error.details['path'], errno: error.details['errno'] },
      cause: error,
      suggestion: 'Make room, also by deleting snapshots, and call again: all earlier snapshots are whole.',
    },
  );
}
