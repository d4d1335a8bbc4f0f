import type { FrozenRequirement, ReviewReason, ReviewRecord } from './review-record.js';

/** The facts a review begins with. */
export type NewReview = Omit<
  ReviewRecord,
  'version' | 'status' | 'reason' | 'votes' | 'application' | 'decidedAtMs' | 'dueAtMs'
>;

/** A new record: waiting for people, or approved at once when the policy gave a reason. */
export function openReview(facts: NewReview, passReason: ReviewReason | undefined): ReviewRecord {
  const requirement: FrozenRequirement = facts.requirement;
  const base = {
    ...facts,
    version: 1,
    votes: [],
    application: { status: 'none' },
    dueAtMs: facts.createdAtMs + requirement.timeoutMs,
  } as const;
  if (passReason === undefined) return { ...base, status: 'pending' };
  return { ...base, status: 'approved', reason: passReason, decidedAtMs: facts.createdAtMs };
}
