/**
 * Every code that `@paracle/core` throws with. Codes are public API: branch on them, never on messages.
 * Each has a row in `docs/errors.md`.
 */
export const coreErrorCodes = {
  configInvalid: 'PARACLE_CORE_CONFIG_INVALID',
  pruneIncomplete: 'PARACLE_CORE_PRUNE_INCOMPLETE',
  engineNotAvailable: 'PARACLE_ENGINE_NOT_AVAILABLE',
  enginePermission: 'PARACLE_ENGINE_PERMISSION',
  engineEndpointUnsupported: 'PARACLE_ENGINE_ENDPOINT_UNSUPPORTED',
  engineApiVersion: 'PARACLE_ENGINE_API_VERSION',
  engineTimeout: 'PARACLE_ENGINE_TIMEOUT',
  engineConnectionLost: 'PARACLE_ENGINE_CONNECTION_LOST',
  engineClosed: 'PARACLE_ENGINE_CLOSED',
  engineImageNotFound: 'PARACLE_ENGINE_IMAGE_NOT_FOUND',
  engineContainerNotFound: 'PARACLE_ENGINE_CONTAINER_NOT_FOUND',
  engineObjectNotFound: 'PARACLE_ENGINE_OBJECT_NOT_FOUND',
  engineConflict: 'PARACLE_ENGINE_CONFLICT',
  engineResponse: 'PARACLE_ENGINE_RESPONSE',
  engineAnswerInvalid: 'PARACLE_ENGINE_ANSWER_INVALID',
  supervisorLost: 'PARACLE_SUPERVISOR_LOST',
  supervisorUnreachable: 'PARACLE_SUPERVISOR_UNREACHABLE',
  supervisorBusy: 'PARACLE_SUPERVISOR_BUSY',
  supervisorTimeout: 'PARACLE_SUPERVISOR_TIMEOUT',
  mountMoved: 'PARACLE_SUPERVISOR_MOUNT_MOVED',
  supervisorMismatch: 'PARACLE_SUPERVISOR_MISMATCH',
  supervisorBinaryMissing: 'PARACLE_SUPERVISOR_BINARY_MISSING',
  executionRefused: 'PARACLE_SUPERVISOR_EXECUTION_REFUSED',
  fileOperation: 'PARACLE_SUPERVISOR_FILE_OPERATION',
  fileAnswerTooLarge: 'PARACLE_SUPERVISOR_FILE_ANSWER_TOO_LARGE',
} as const;

/** One of the codes in {@link coreErrorCodes}. */
export type CoreErrorCode = (typeof coreErrorCodes)[keyof typeof coreErrorCodes];
