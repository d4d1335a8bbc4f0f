/**
 * Every code that `@paracle/stack` throws with. Codes are public API: branch on them, never on messages.
 * Each has a row in `docs/errors.md`.
 */
export const stackErrorCodes = {
  workspaceInvalid: 'PARACLE_STACK_WORKSPACE_INVALID',
  applyRefused: 'PARACLE_STACK_APPLY_REFUSED',
  applyConflict: 'PARACLE_STACK_APPLY_CONFLICT',
  applyBusy: 'PARACLE_STACK_APPLY_BUSY',
  applyBodyUnreadable: 'PARACLE_STACK_APPLY_BODY_UNREADABLE',
  applyBodyMismatch: 'PARACLE_STACK_APPLY_BODY_MISMATCH',
  applyFailed: 'PARACLE_STACK_APPLY_FAILED',
  applyUndoIncomplete: 'PARACLE_STACK_APPLY_UNDO_INCOMPLETE',
  recoverFailed: 'PARACLE_STACK_RECOVER_FAILED',
  applyJournalInvalid: 'PARACLE_STACK_APPLY_JOURNAL_INVALID',
  transactionFailed: 'PARACLE_STACK_TRANSACTION_FAILED',
  bodyMissing: 'PARACLE_STACK_BODY_MISSING',
  changeSetTooLarge: 'PARACLE_STACK_CHANGE_SET_TOO_LARGE',
  changedMeanwhile: 'PARACLE_STACK_CHANGED_MEANWHILE',
} as const;

/** One of the codes in {@link stackErrorCodes}. */
export type StackErrorCode = (typeof stackErrorCodes)[keyof typeof stackErrorCodes];
