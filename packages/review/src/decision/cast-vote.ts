import { reviewErrorCodes } from '../errors/review-error-codes.js';
import { ReviewNotAuthorizedError } from '../errors/review-refusal-errors.js';
import { ReviewConflictError } from '../errors/review-state-errors.js';
import type { ReviewerIdentity } from '../identity/authorize.js';
import { normalizeIdentity } from '../identity/normalize-identity.js';
import { requirePending } from './require-pending.js';
import type { ReviewRecord, Vote } from './review-record.js';

/** One vote that is about to be counted. */
export interface Ballot {
  readonly vote: 'approve' | 'reject';
  /** The name that was given. */
  readonly reviewer: string;
  /** Who that is. */
  readonly identity: ReviewerIdentity;
  readonly comment?: string | undefined;
}

function requireOtherThanRequester(record: ReviewRecord, ballot: Ballot): void {
  if (ballot.vote === 'reject' || record.requestedBy === undefined) return;
  const requester = normalizeIdentity(record.requestedBy);
  if (![ballot.reviewer, ballot.identity.id].some((name) => normalizeIdentity(name) === requester)) return;
  throw new ReviewNotAuthorizedError(
    reviewErrorCodes.selfApproval,
    `${JSON.stringify(ballot.reviewer)} requested review ${record.id} and can't approve it.`,
    { reviewId: record.id, reviewer: ballot.reviewer },
  );
}

function requireFirstVote(record: ReviewRecord, ballot: Ballot): void {
  const voter = normalizeIdentity(ballot.identity.id);
  if (!record.votes.some((vote) => normalizeIdentity(vote.reviewer) === voter)) return;
  throw new ReviewConflictError(
    reviewErrorCodes.alreadyVoted,
    `${JSON.stringify(ballot.reviewer)} has already voted on review ${record.id}.`,
    { reviewId: record.id, reviewer: ballot.reviewer },
    'Each person has one vote: ask somebody else.',
  );
}

/**
 * The record with one more vote, decided if that was the last one needed. One rejection rejects.
 *
 * @throws ReviewConflictError `PARACLE_REVIEW_ALREADY_DECIDED`, `PARACLE_REVIEW_ALREADY_VOTED`
 * @throws ReviewNotAuthorizedError `PARACLE_REVIEW_SELF_APPROVAL`
 */
export function castVote(record: ReviewRecord, ballot: Ballot, nowMs: number): ReviewRecord {
  requirePending(record);
  requireOtherThanRequester(record, ballot);
  requireFirstVote(record, ballot);
  const vote: Vote = {
    vote: ballot.vote,
    reviewer: ballot.identity.id,
    groups: ballot.identity.groups,
    ...(ballot.comment === undefined ? {} : { comment: ballot.comment }),
    digest: record.digest,
    atMs: nowMs,
  };
  const next = { ...record, version: record.version + 1, votes: [...record.votes, vote] };
  if (ballot.vote === 'reject') {
    return { ...next, status: 'rejected', reason: 'rejected', decidedAtMs: nowMs, dueAtMs: undefined };
  }
  if (countApprovals(next) < record.requirement.approvals) return next;
  return {
    ...next,
    status: 'approved',
    reason: 'votes',
    decidedAtMs: nowMs,
    dueAtMs: nowMs + record.requirement.timeoutMs,
  };
}

/** The approvals that count: those for the record's present content. */
export function countApprovals(record: ReviewRecord): number {
  return record.votes.filter((vote) => vote.vote === 'approve' && vote.digest === record.digest).length;
}
