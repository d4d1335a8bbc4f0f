import type { ReviewRecord } from './review-record.js';

/**
 * What time alone makes of a record: a pending review is rejected, an unclaimed approval lapses, a claim whose lease ended is `unknown`.
 * `undefined` when nothing is due.
 */
export function advance(record: ReviewRecord, nowMs: number): ReviewRecord | undefined {
  if (record.dueAtMs === undefined || nowMs < record.dueAtMs) return undefined;
  const next = { ...record, version: record.version + 1, dueAtMs: undefined };
  if (record.application.status === 'claimed') {
    return { ...next, application: { ...record.application, status: 'unknown' } };
  }
  if (record.status === 'pending') return { ...next, status: 'rejected', reason: 'expired', decidedAtMs: nowMs };
  if (record.status === 'approved') return { ...next, status: 'rejected', reason: 'lapsed', decidedAtMs: nowMs };
  return next;
}
