import { ParacleError } from '@paracle/core';
import type { reviewErrorCodes } from './review-error-codes.js';

/** This person may not vote on this review. `code` tells self-approval from other refusals. */
export class ReviewNotAuthorizedError extends ParacleError {
  override readonly name: string = 'ReviewNotAuthorizedError';

  constructor(
    code: typeof reviewErrorCodes.selfApproval | typeof reviewErrorCodes.notAuthorized,
    message: string,
    options: { readonly reviewId: string; readonly reviewer: string; readonly cause?: unknown },
  ) {
    super(code, message, {
      details: { reviewId: options.reviewId, reviewer: options.reviewer },
      suggestion: 'Ask somebody else who is entitled to decide it.',
      cause: options.cause,
    });
  }
}

/** The codes of a {@link ReviewClaimError}. */
export type ReviewClaimCode =
  | typeof reviewErrorCodes.notApproved
  | typeof reviewErrorCodes.digestMismatch
  | typeof reviewErrorCodes.policyStricter
  | typeof reviewErrorCodes.contentIncomplete
  | typeof reviewErrorCodes.contentLost;

/** The approval can't be claimed: nothing may be applied. */
export class ReviewClaimError extends ParacleError {
  override readonly name: string = 'ReviewClaimError';

  constructor(code: ReviewClaimCode, message: string, details: Readonly<Record<string, unknown>>, suggestion: string) {
    super(code, message, { details, suggestion });
  }
}

/** The codes of a {@link ReviewInputError}. */
export type ReviewInputCode = typeof reviewErrorCodes.contentInvalid | typeof reviewErrorCodes.cursorInvalid;

/** What was handed in can't be used: content that is not JSON, a cursor that is not ours. */
export class ReviewInputError extends ParacleError {
  override readonly name: string = 'ReviewInputError';

  constructor(code: ReviewInputCode, message: string, suggestion: string) {
    super(code, message, { suggestion });
  }
}
