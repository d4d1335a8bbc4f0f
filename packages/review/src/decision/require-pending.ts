import { reviewErrorCodes } from '../errors/review-error-codes.js';
import { ReviewConflictError } from '../errors/review-state-errors.js';
import type { ReviewRecord } from './review-record.js';

/** @throws ReviewConflictError `PARACLE_REVIEW_ALREADY_DECIDED` */
export function requirePending(record: ReviewRecord): void {
  if (record.status === 'pending') return;
  throw new ReviewConflictError(
    reviewErrorCodes.alreadyDecided,
    `Review ${record.id} is already ${record.status} (${record.reason ?? 'no reason'}): it takes no more votes.`,
    { reviewId: record.id, status: record.status, reason: record.reason },
    'Read the decision with getReview(); for another one, create a new review.',
  );
}
