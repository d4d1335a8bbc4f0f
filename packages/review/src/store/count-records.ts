import type { ReviewRecord } from '../decision/review-record.js';
import type { ReviewCounts } from './review-store.js';

/** Counts records by looking at each. */
export function countRecords(records: Iterable<ReviewRecord>): ReviewCounts {
  const byStatus = { pending: 0, approved: 0, rejected: 0, changes_requested: 0, cancelled: 0 };
  const byApplication = { none: 0, claimed: 0, applied: 0, failed: 0, unknown: 0, rolled_back: 0 };
  for (const record of records) {
    byStatus[record.status] += 1;
    byApplication[record.application.status] += 1;
  }
  return { byStatus, byApplication };
}
