import type { Review } from '../decision/review.js';

/** Who a reviewer turned out to be. */
export interface ReviewerIdentity {
  /** The one id that all of this person's names lead to. */
  readonly id: string;
  /** Only humans may vote. */
  readonly kind: 'human' | 'service' | 'model';
  /** Groups that this person belongs to; kept with the vote. */
  readonly groups: readonly string[];
}

/**
 * Says who a reviewer is, or refuses with `undefined` or by throwing. Taking longer than 10 seconds refuses too.
 * It is asked once for each vote, before the vote is counted.
 */
export type Authorize = (
  reviewer: string,
  review: Review,
) => Promise<ReviewerIdentity | undefined> | ReviewerIdentity | undefined;
