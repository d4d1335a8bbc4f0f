/**
 * Every code that `@paracle/review` throws with. Codes are public API: branch on them, never on messages.
 * Each has a row in `docs/errors.md`.
 */
export const reviewErrorCodes = {
  notFound: 'PARACLE_REVIEW_NOT_FOUND',
  contentInvalid: 'PARACLE_REVIEW_CONTENT_INVALID',
  contentLost: 'PARACLE_REVIEW_CONTENT_LOST',
  contentIncomplete: 'PARACLE_REVIEW_CONTENT_INCOMPLETE',
  cursorInvalid: 'PARACLE_REVIEW_CURSOR_INVALID',
  alreadyDecided: 'PARACLE_REVIEW_ALREADY_DECIDED',
  alreadyVoted: 'PARACLE_REVIEW_ALREADY_VOTED',
  selfApproval: 'PARACLE_REVIEW_SELF_APPROVAL',
  notAuthorized: 'PARACLE_REVIEW_NOT_AUTHORIZED',
  notApproved: 'PARACLE_REVIEW_NOT_APPROVED',
  alreadyClaimed: 'PARACLE_REVIEW_ALREADY_CLAIMED',
  digestMismatch: 'PARACLE_REVIEW_DIGEST_MISMATCH',
  policyStricter: 'PARACLE_REVIEW_POLICY_STRICTER',
  outcomeConflict: 'PARACLE_REVIEW_OUTCOME_CONFLICT',
  busy: 'PARACLE_REVIEW_BUSY',
  waitTimeout: 'PARACLE_REVIEW_WAIT_TIMEOUT',
  closed: 'PARACLE_REVIEW_CLOSED',
} as const;

/** One of the codes in {@link reviewErrorCodes}. */
export type ReviewErrorCode = (typeof reviewErrorCodes)[keyof typeof reviewErrorCodes];
