/**
 * Every code that `@paracle/sandbox` throws with. Codes are public API: branch on them, never on
 * messages. Each has a row in `docs/errors.md`.
 */
export const sandboxErrorCodes = {
  limitUnsupported: 'PARACLE_SANDBOX_LIMIT_UNSUPPORTED',
  limitUnenforced: 'PARACLE_SANDBOX_LIMIT_UNENFORCED',
  mountRefused: 'PARACLE_SANDBOX_MOUNT_REFUSED',
  createFailed: 'PARACLE_SANDBOX_CREATE_FAILED',
  engineDiskFull: 'PARACLE_SANDBOX_ENGINE_DISK_FULL',
  notFound: 'PARACLE_SANDBOX_NOT_FOUND',
  destroyed: 'PARACLE_SANDBOX_DESTROYED',
  managerClosed: 'PARACLE_SANDBOX_MANAGER_CLOSED',
  cleanupFailed: 'PARACLE_SANDBOX_CLEANUP_FAILED',
  commandNotFound: 'PARACLE_SANDBOX_COMMAND_NOT_FOUND',
  commandNotExecutable: 'PARACLE_SANDBOX_COMMAND_NOT_EXECUTABLE',
  directoryNotUsable: 'PARACLE_SANDBOX_DIRECTORY_NOT_USABLE',
  startRefused: 'PARACLE_SANDBOX_START_REFUSED',
  noTerminal: 'PARACLE_SANDBOX_NO_TERMINAL',
  exitNonZero: 'PARACLE_SANDBOX_EXIT_NON_ZERO',
  limitExceeded: 'PARACLE_SANDBOX_LIMIT_EXCEEDED',
  timeout: 'PARACLE_SANDBOX_TIMEOUT',
  aborted: 'PARACLE_SANDBOX_ABORTED',
  lost: 'PARACLE_SANDBOX_LOST',
  rolledBack: 'PARACLE_SANDBOX_ROLLED_BACK',
  fileTooLarge: 'PARACLE_SANDBOX_FILE_TOO_LARGE',
} as const;

/** One of the codes in {@link sandboxErrorCodes}. */
export type SandboxErrorCode = (typeof sandboxErrorCodes)[keyof typeof sandboxErrorCodes];
