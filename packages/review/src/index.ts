export type { Artifact } from './content/artifact.js';
export { type BoundArtifact, bindArtifact } from './content/bind-artifact.js';
export { canonicalize } from './content/canonicalize.js';
export type { CommandContent } from './content/command-content.js';
export { type Digest, toDigest } from './content/digest.js';
export type { FileChangeContent } from './content/file-change-content.js';
export type { JsonValue } from './content/json-value.js';
export type { ApplicationOutcome } from './decision/report-outcome.js';
export type { Review } from './decision/review.js';
export type {
  ApplicationRecord,
  ApplicationStatus,
  FrozenRequirement,
  ReviewReason,
  ReviewRecord,
  ReviewStatus,
  Vote,
} from './decision/review-record.js';
export { type ReviewErrorCode, reviewErrorCodes } from './errors/review-error-codes.js';
export {
  type ReviewClaimCode,
  ReviewClaimError,
  type ReviewInputCode,
  ReviewInputError,
  ReviewNotAuthorizedError,
} from './errors/review-refusal-errors.js';
export {
  ReviewClosedError,
  type ReviewConflictCode,
  ReviewConflictError,
  ReviewNotFoundError,
  ReviewWaitTimeoutError,
} from './errors/review-state-errors.js';
export type { Authorize, ReviewerIdentity } from './identity/authorize.js';
export type { DecisionOptions } from './manager/await-decision.js';
export type {
  ApproveInput,
  CancelInput,
  ClaimInput,
  CreateReviewInput,
  ListReviewsInput,
  RejectInput,
  ReportInput,
} from './manager/call-inputs.js';
export type { ReviewEvent, ReviewEvents } from './manager/review-events.js';
export { ReviewManager } from './manager/review-manager.js';
export type { ResolvedReviewConfig, ReviewManagerOptions } from './manager/review-manager-options.js';
export type { ReviewClaim, ReviewPage, ReviewStats } from './manager/review-results.js';
export {
  defaultHighRiskPatterns,
  type ResolvedReviewPolicy,
  type ReviewConfig,
  type ReviewPolicy,
  type TriggerMode,
} from './policy/review-policy.js';
export { createCommandPatternAnalyzer } from './risk/command/command-pattern-analyzer.js';
export { createPathPatternAnalyzer } from './risk/path/path-pattern-analyzer.js';
export type {
  AttributedFinding,
  RiskAnalyzer,
  RiskAssessment,
  RiskContext,
  RiskFinding,
  RiskLevel,
} from './risk/risk-analyzer.js';
export { MemoryReviewStore } from './store/memory-review-store.js';
export type { RecordQuery, ReviewCounts, ReviewStore, StoredRecord } from './store/review-store.js';
