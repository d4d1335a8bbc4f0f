import type { JsonValue } from '../content/json-value.js';
import type { ReviewRecord } from './review-record.js';

/** A review at one moment: frozen plain data and one question. */
export interface Review extends Omit<ReviewRecord, 'dueAtMs'> {
  /** What is judged; absent when its body is no longer in the store. */
  readonly artifactContent?: JsonValue;
  /** When it is rejected if nobody decides, in milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** Whether it was not decided in time: such a review is rejected. Asks the manager's clock. */
  isExpired(): boolean;
}

/** The caller's view of a record. */
export function toReview(record: ReviewRecord, artifactContent: JsonValue | undefined, now: () => number): Review {
  const { dueAtMs: _dueAtMs, ...rest } = record;
  const expiresAtMs = record.createdAtMs + record.requirement.timeoutMs;
  return Object.freeze({
    ...rest,
    ...(artifactContent === undefined ? {} : { artifactContent }),
    expiresAtMs,
    isExpired: () => record.reason === 'expired' || (record.status === 'pending' && now() >= expiresAtMs),
  });
}
