import type { ApplicationStatus, ReviewReason, ReviewStatus } from '../decision/review-record.js';
import type { RiskLevel } from '../risk/risk-analyzer.js';

/** Which review an event is about. */
export interface ReviewEvent {
  readonly at: Date;
  readonly reviewId: string;
  readonly artifactId: string;
  readonly artifactType: string;
  readonly sandboxId?: string;
  readonly changeSetId?: string;
}

/**
 * What a manager tells. A review's events come in this order: `review-requested`, `review-decided` (again only when an approval lapses),
 * then `application-changed` for each step of its application. Only changes made through this manager are told.
 */
export interface ReviewEvents {
  readonly 'review-requested': readonly [event: ReviewEvent & { readonly risk: RiskLevel }];
  readonly 'review-decided': readonly [
    event: ReviewEvent & { readonly status: ReviewStatus; readonly reason?: ReviewReason },
  ];
  readonly 'application-changed': readonly [
    event: ReviewEvent & { readonly application: ApplicationStatus; readonly claimId?: string },
  ];
}
