import { ParacleError } from '@paracle/core';
import { stackErrorCodes } from '../stack-error-codes.js';
import { type PathIssue, toIssueText } from './apply-errors.js';
import { systemCode } from './system-code.js';

/** An apply failed and could not be undone fully. Its journal is kept, so nothing is lost. */
export class ApplyUndoIncompleteError extends ParacleError {
  override readonly name: string = 'ApplyUndoIncompleteError';

  constructor(journalPath: string, issues: readonly PathIssue[], cause: unknown) {
    super(stackErrorCodes.applyUndoIncomplete, `The changes could not be undone fully: ${toIssueText(issues)}.`, {
      details: { journalPath, issues },
      suggestion: `Clear these paths (move what is there elsewhere, or grant access), then run recoverApply; ${journalPath} holds what was there before.`,
      cause,
    });
  }
}

/** Recovery was stopped by the operating system before it did anything; it can be run again. */
export class RecoverFailedError extends ParacleError {
  override readonly name: string = 'RecoverFailedError';

  constructor(cause: unknown) {
    const code = systemCode(cause);
    super(
      stackErrorCodes.recoverFailed,
      `The interrupted apply could not be recovered (${code ?? 'unknown reason'}).`,
      {
        details: { systemCode: code },
        suggestion: 'Remove the cause (free space, permissions) and run recoverApply again.',
        cause,
      },
    );
  }
}

/** An interrupted apply left a journal that can't be followed. Nothing was done. */
export class ApplyJournalInvalidError extends ParacleError {
  override readonly name: string = 'ApplyJournalInvalidError';

  constructor(journalPath: string, problem: string) {
    super(
      stackErrorCodes.applyJournalInvalid,
      `The journal ${journalPath} of an interrupted apply can't be followed: ${problem}.`,
      {
        details: { journalPath, problem },
        suggestion:
          'If Paracle did not write it, remove its directory; otherwise compare the workspace with what lies beside it first.',
      },
    );
  }
}
