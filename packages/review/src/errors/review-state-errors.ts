import { ParacleError } from '@paracle/core';
import { reviewErrorCodes } from './review-error-codes.js';

/** No review, or no claim, has this id. */
export class ReviewNotFoundError extends ParacleError {
  override readonly name: string = 'ReviewNotFoundError';

  constructor(kind: 'review' | 'claim', id: string) {
    super(reviewErrorCodes.notFound, `No ${kind} has the id ${JSON.stringify(id)}.`, {
      details: { kind, id },
      suggestion: 'Check the id, and that this manager uses the store in which it was made.',
    });
  }
}

/** The codes of a {@link ReviewConflictError}. */
export type ReviewConflictCode =
  | typeof reviewErrorCodes.alreadyDecided
  | typeof reviewErrorCodes.alreadyVoted
  | typeof reviewErrorCodes.alreadyClaimed
  | typeof reviewErrorCodes.outcomeConflict
  | typeof reviewErrorCodes.busy;

/** The review is in a state that does not allow the call. `details` names the review and its state. */
export class ReviewConflictError extends ParacleError {
  override readonly name: string = 'ReviewConflictError';

  constructor(
    code: ReviewConflictCode,
    message: string,
    details: Readonly<Record<string, unknown>>,
    suggestion: string,
  ) {
    super(code, message, { details, suggestion });
  }
}

/** An awaited decision did not come in time. The review itself is unchanged. */
export class ReviewWaitTimeoutError extends ParacleError {
  override readonly name: string = 'ReviewWaitTimeoutError';

  constructor(reviewId: string, timeoutMs: number) {
    super(reviewErrorCodes.waitTimeout, `Review ${reviewId} was not decided within ${timeoutMs} ms.`, {
      details: { reviewId, timeoutMs },
      suggestion: 'Wait again: the review is still pending, and a later call to decision() will see what was decided.',
    });
  }
}

/** The manager was used after `close()`, or was closed while a decision was awaited. */
export class ReviewClosedError extends ParacleError {
  override readonly name: string = 'ReviewClosedError';

  constructor() {
    super(reviewErrorCodes.closed, 'This ReviewManager was closed.', {
      suggestion: 'Make a new ReviewManager on the same store.',
    });
  }
}
