/**
 * Every code that `@paracle/isolation` throws with. Codes are public API: branch on them, never on
 * messages. Each has a row in `docs/errors.md`.
 */
export const isolationErrorCodes = {
  alreadyAttached: 'PARACLE_ISOLATION_ALREADY_ATTACHED',
  cleanupFailed: 'PARACLE_ISOLATION_CLEANUP_FAILED',
  closed: 'PARACLE_ISOLATION_CLOSED',
  disconnectFailed: 'PARACLE_ISOLATION_DISCONNECT_FAILED',
  drift: 'PARACLE_ISOLATION_DRIFT',
  guardFailed: 'PARACLE_ISOLATION_GUARD_FAILED',
  guardImage: 'PARACLE_ISOLATION_GUARD_IMAGE',
  networkFull: 'PARACLE_ISOLATION_NETWORK_FULL',
  networkNotFound: 'PARACLE_ISOLATION_NETWORK_NOT_FOUND',
  networkUnenforced: 'PARACLE_ISOLATION_NETWORK_UNENFORCED',
  notAttached: 'PARACLE_ISOLATION_NOT_ATTACHED',
  policyContradiction: 'PARACLE_ISOLATION_POLICY_CONTRADICTION',
  policyUnenforced: 'PARACLE_ISOLATION_POLICY_UNENFORCED',
  poolsExhausted: 'PARACLE_ISOLATION_POOLS_EXHAUSTED',
  rulesetUnreadable: 'PARACLE_ISOLATION_RULESET_UNREADABLE',
  subnetTaken: 'PARACLE_ISOLATION_SUBNET_TAKEN',
  unenforceable: 'PARACLE_ISOLATION_UNENFORCEABLE',
} as const;

/** One of the codes in {@link isolationErrorCodes}. */
export type IsolationErrorCode = (typeof isolationErrorCodes)[keyof typeof isolationErrorCodes];
