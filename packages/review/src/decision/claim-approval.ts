import type { Artifact } from '../content/artifact.js';
import type { Digest } from '../content/digest.js';
import { missingForClaim } from '../content/missing-for-claim.js';
import { reviewErrorCodes } from '../errors/review-error-codes.js';
import { ReviewClaimError } from '../errors/review-refusal-errors.js';
import { ReviewConflictError } from '../errors/review-state-errors.js';
import { countApprovals } from './cast-vote.js';
import type { ReviewRecord } from './review-record.js';

/** What a claim is checked against. */
export interface ClaimRequest {
  readonly claimId: string;
  readonly claimant: string;
  /** Digest of what the claimant is about to apply. */
  readonly digest: Digest;
  readonly leaseMs: number;
  /** The reviewed artifact, as read back from the store. */
  readonly artifact: Artifact;
  /** What the policy of now asks for this artifact. */
  readonly current: { readonly approvals: number; readonly timeoutMs: number };
}

function requireApproved(record: ReviewRecord): void {
  if (record.status !== 'approved') {
    throw new ReviewClaimError(
      reviewErrorCodes.notApproved,
      `Expected review ${record.id} to be approved, found ${record.status} (${record.reason ?? 'undecided'}).`,
      { reviewId: record.id, status: record.status, reason: record.reason },
      'Apply nothing. Wait for decision(), or create a new review when this one was rejected or lapsed.',
    );
  }
  if (record.application.status === 'none') return;
  throw new ReviewConflictError(
    reviewErrorCodes.alreadyClaimed,
    `The approval of review ${record.id} was already claimed (${record.application.status}); a claim is single-use.`,
    { reviewId: record.id, application: record.application.status, claimant: record.application.claimant },
    'Apply nothing: the other claimant does. If that one is gone, create a new review.',
  );
}

function requireSameContent(record: ReviewRecord, request: ClaimRequest): void {
  if (request.digest !== record.digest) {
    throw new ReviewClaimError(
      reviewErrorCodes.digestMismatch,
      `Review ${record.id} approved ${record.digest}, not ${request.digest}.`,
      { reviewId: record.id, approved: record.digest, found: request.digest },
      'Apply nothing: the content changed after it was approved. Create a review of the new content.',
    );
  }
  const missing = missingForClaim(request.artifact);
  if (missing.length === 0) return;
  throw new ReviewClaimError(
    reviewErrorCodes.contentIncomplete,
    `Review ${record.id} can't be applied: its content lacks ${missing.join(', ')}.`,
    { reviewId: record.id, missing },
    'Create the review with the complete form: what changes, its mode, and the digests before and after.',
  );
}

function requirePolicyMet(record: ReviewRecord, request: ClaimRequest, nowMs: number): void {
  const approvals = countApprovals(record);
  const ageMs = nowMs - (record.decidedAtMs ?? record.createdAtMs);
  const { current } = request;
  if (approvals >= current.approvals && ageMs < current.timeoutMs) return;
  const found =
    approvals < current.approvals ? `${approvals} of ${current.approvals} approvals` : 'an approval that is too old';
  throw new ReviewClaimError(
    reviewErrorCodes.policyStricter,
    `The policy became stricter since review ${record.id} was created: found ${found}.`,
    { reviewId: record.id, approvals, neededApprovals: current.approvals, ageMs, allowedAgeMs: current.timeoutMs },
    'Apply nothing. Create a new review under the present policy.',
  );
}

/**
 * The record with its approval claimed. The caller has advanced it to `nowMs`.
 *
 * @throws ReviewClaimError `PARACLE_REVIEW_NOT_APPROVED`, `…_DIGEST_MISMATCH`, `…_CONTENT_INCOMPLETE`, `…_POLICY_STRICTER`
 * @throws ReviewConflictError `PARACLE_REVIEW_ALREADY_CLAIMED`
 */
export function claimApproval(record: ReviewRecord, request: ClaimRequest, nowMs: number): ReviewRecord {
  requireApproved(record);
  requireSameContent(record, request);
  requirePolicyMet(record, request, nowMs);
  const leaseEndsAtMs = nowMs + request.leaseMs;
  const { claimId, claimant } = request;
  return {
    ...record,
    version: record.version + 1,
    application: { status: 'claimed', claimId, claimant, claimedAtMs: nowMs, leaseEndsAtMs },
    dueAtMs: leaseEndsAtMs,
  };
}
