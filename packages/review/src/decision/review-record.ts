import type { Digest } from '../content/digest.js';
import type { RiskAssessment } from '../risk/risk-analyzer.js';

/** Where a review stands. Everything but `pending` is a decision. */
export type ReviewStatus = 'pending' | 'approved' | 'rejected' | 'changes_requested' | 'cancelled';

/** Why a review has its status. */
export type ReviewReason =
  | 'votes'
  | 'auto_low_risk'
  | 'review_disabled'
  | 'rejected'
  | 'expired'
  | 'lapsed'
  | 'cancelled';

/** Where the carrying out of an approval stands. */
export type ApplicationStatus = 'none' | 'claimed' | 'applied' | 'failed' | 'unknown' | 'rolled_back';

/** One person's vote. */
export interface Vote {
  readonly vote: 'approve' | 'reject';
  /** The voter, as named by `authorize` or by themselves. */
  readonly reviewer: string;
  readonly groups: readonly string[];
  readonly comment?: string;
  /** The content that was voted on. */
  readonly digest: Digest;
  readonly atMs: number;
}

/** The second life of a review. */
export interface ApplicationRecord {
  readonly status: ApplicationStatus;
  readonly claimId?: string;
  readonly claimant?: string;
  readonly claimedAtMs?: number;
  /** When an unreported claim becomes `unknown`. */
  readonly leaseEndsAtMs?: number;
  readonly reportedAtMs?: number;
  readonly detail?: string;
}

/** What the creator's policy asked for, kept as it was then. */
export interface FrozenRequirement {
  readonly approvals: number;
  readonly timeoutMs: number;
  /** Digest of the policy under which the review was created. */
  readonly policyHash: Digest;
}

/** A review as a store keeps it: plain data, replaced as a whole by guarded transitions. */
export interface ReviewRecord {
  readonly id: string;
  /** Grows by one with each transition. */
  readonly version: number;
  readonly artifactId: string;
  readonly artifactType: string;
  /** The artifact's digest, under which the store also holds its canonical bytes. */
  readonly digest: Digest;
  readonly sandboxId?: string;
  readonly changeSetId?: string;
  readonly requestedBy?: string;
  readonly risk: RiskAssessment;
  readonly requirement: FrozenRequirement;
  readonly status: ReviewStatus;
  readonly reason?: ReviewReason;
  readonly comment?: string;
  readonly votes: readonly Vote[];
  readonly application: ApplicationRecord;
  readonly createdAtMs: number;
  readonly decidedAtMs?: number;
  /** When time alone changes it next: a pending review expires, an approval lapses, a claim's lease ends. */
  readonly dueAtMs: number | undefined;
}
