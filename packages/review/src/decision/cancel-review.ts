import { requirePending } from './require-pending.js';
import type { ReviewRecord } from './review-record.js';

/**
 * The record, cancelled.
 *
 * @throws ReviewConflictError `PARACLE_REVIEW_ALREADY_DECIDED`
 */
export function cancelReview(record: ReviewRecord, comment: string | undefined, nowMs: number): ReviewRecord {
  requirePending(record);
  return {
    ...record,
    version: record.version + 1,
    status: 'cancelled',
    reason: 'cancelled',
    ...(comment === undefined ? {} : { comment }),
    decidedAtMs: nowMs,
    dueAtMs: undefined,
  };
}
