import type { Review } from '../decision/review.js';
import type { ReviewCounts } from '../store/review-store.js';

/** One page of reviews, newest first. */
export interface ReviewPage {
  readonly reviews: readonly Review[];
  /** Continues after this page; absent on the last one. */
  readonly nextCursor?: string;
}

/** How many reviews there are. */
export interface ReviewStats extends ReviewCounts {
  readonly total: number;
}

/** A claimed approval: the claimant, and nobody else, applies it and reports. */
export interface ReviewClaim {
  readonly claimId: string;
  readonly review: Review;
}
