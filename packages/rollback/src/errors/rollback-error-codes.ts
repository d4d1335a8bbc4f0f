/**
 * Every code that `@paracle/rollback` throws with. Codes are public API: branch on them, never on
 * messages. Each has a row in `docs/errors.md`.
 */
export const rollbackErrorCodes = {
  snapshotNotFound: 'PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND',
  snapshotTooLarge: 'PARACLE_ROLLBACK_SNAPSHOT_TOO_LARGE',
  snapshotDamaged: 'PARACLE_ROLLBACK_SNAPSHOT_DAMAGED',
  snapshotInUse: 'PARACLE_ROLLBACK_SNAPSHOT_IN_USE',
  containerUnsupported: 'PARACLE_ROLLBACK_CONTAINER_UNSUPPORTED',
  optionUnsupported: 'PARACLE_ROLLBACK_OPTION_UNSUPPORTED',
  snapshotFailed: 'PARACLE_ROLLBACK_SNAPSHOT_FAILED',
  networkUnenforced: 'PARACLE_ROLLBACK_NETWORK_UNENFORCED',
  busy: 'PARACLE_ROLLBACK_BUSY',
  replacementFailed: 'PARACLE_ROLLBACK_REPLACEMENT_FAILED',
  fileChanging: 'PARACLE_ROLLBACK_FILE_CHANGING',
  forkMismatch: 'PARACLE_ROLLBACK_FORK_MISMATCH',
  forkFailed: 'PARACLE_ROLLBACK_FORK_FAILED',
  noSpace: 'PARACLE_ROLLBACK_NO_SPACE',
  mountMoved: 'PARACLE_ROLLBACK_MOUNT_MOVED',
  incomplete: 'PARACLE_ROLLBACK_INCOMPLETE',
  failed: 'PARACLE_ROLLBACK_FAILED',
} as const;

/** One of the codes in {@link rollbackErrorCodes}. */
export type RollbackErrorCode = (typeof rollbackErrorCodes)[keyof typeof rollbackErrorCodes];
