import type { Review } from '../decision/review.js';
import { reviewErrorCodes } from '../errors/review-error-codes.js';
import { ReviewNotAuthorizedError } from '../errors/review-refusal-errors.js';
import type { Authorize, ReviewerIdentity } from './authorize.js';
import { normalizeIdentity } from './normalize-identity.js';
import { withinTime } from './within-time.js';

const authorizeLimitMs = 10_000;

function refusal(reviewer: string, review: Review, why: string, cause?: unknown): ReviewNotAuthorizedError {
  const message = `${JSON.stringify(reviewer)} may not vote on review ${review.id}: ${why}.`;
  return new ReviewNotAuthorizedError(reviewErrorCodes.notAuthorized, message, {
    reviewId: review.id,
    reviewer,
    cause,
  });
}

async function ask(authorize: Authorize, reviewer: string, review: Review): Promise<ReviewerIdentity> {
  const identity = await withinTime(authorizeLimitMs, () => authorize(reviewer, review)).catch((cause: unknown) => {
    throw refusal(reviewer, review, '`authorize` failed', cause);
  });
  if (identity === undefined) throw refusal(reviewer, review, '`authorize` refused');
  if (identity.kind !== 'human') throw refusal(reviewer, review, `expected a human, found a ${identity.kind}`);
  if (normalizeIdentity(identity.id) === '') throw refusal(reviewer, review, '`authorize` gave an empty id');
  return { id: identity.id, kind: identity.kind, groups: [...identity.groups] };
}

/**
 * Who votes, or a refusal. Without `authorize` the reviewer is taken at their word, where one approval is enough.
 *
 * @throws ReviewNotAuthorizedError `PARACLE_REVIEW_NOT_AUTHORIZED`
 */
export async function identifyReviewer(
  authorize: Authorize | undefined,
  reviewer: string,
  review: Review,
): Promise<ReviewerIdentity> {
  if (authorize !== undefined) return ask(authorize, reviewer, review);
  if (review.requirement.approvals > 1) throw refusal(reviewer, review, 'more than one approval needs `authorize`');
  return { id: reviewer.trim(), kind: 'human', groups: [] };
}
