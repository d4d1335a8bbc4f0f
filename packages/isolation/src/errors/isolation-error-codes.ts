/**
 * Every code that `@paracle/isolation` throws with. Codes are public API: branch on them, never on
 * messages. Each has a row in `docs/errors.md`.
 */
export const isolationErrorCodes = {
  policyContradiction: 'PARACLE_ISOLATION_POLICY_CONTRADICTION',
  poolsExhausted: 'PARACLE_ISOLATION_POOLS_EXHAUSTED',
  rulesetUnreadable: 'PARACLE_ISOLATION_RULESET_UNREADABLE',
} as const;

/** One of the codes in {@link isolationErrorCodes}. */
export type IsolationErrorCode = (typeof isolationErrorCodes)[keyof typeof isolationErrorCodes];
