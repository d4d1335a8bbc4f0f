import { reviewErrorCodes } from '../errors/review-error-codes.js';
import { ReviewConflictError } from '../errors/review-state-errors.js';
import type { ApplicationStatus, ReviewRecord } from './review-record.js';

/** How carrying out an approval went. */
export type ApplicationOutcome = 'applied' | 'failed' | 'rolled_back';

/** What may still be learnt: a late report says what became of a lost claim, and what was applied may be rolled back later. */
const reportable: Readonly<Record<ApplicationStatus, readonly ApplicationOutcome[]>> = {
  none: [],
  claimed: ['applied', 'failed', 'rolled_back'],
  unknown: ['applied', 'failed', 'rolled_back'],
  applied: ['rolled_back'],
  failed: ['rolled_back'],
  rolled_back: [],
};

/**
 * The record with what became of its claim; `undefined` when the same outcome was reported before.
 *
 * @throws ReviewConflictError `PARACLE_REVIEW_OUTCOME_CONFLICT` when another outcome stands already.
 */
export function reportOutcome(
  record: ReviewRecord,
  outcome: ApplicationOutcome,
  detail: string | undefined,
  nowMs: number,
): ReviewRecord | undefined {
  const { status } = record.application;
  if (status === outcome) return undefined;
  if (!reportable[status].includes(outcome)) {
    throw new ReviewConflictError(
      reviewErrorCodes.outcomeConflict,
      `The application of review ${record.id} is ${status}; it can't become ${outcome}.`,
      { reviewId: record.id, application: status, outcome },
      'Read the review: another outcome was reported first.',
    );
  }
  return {
    ...record,
    version: record.version + 1,
    application: {
      ...record.application,
      status: outcome,
      reportedAtMs: nowMs,
      ...(detail === undefined ? {} : { detail }),
    },
    dueAtMs: undefined,
  };
}
