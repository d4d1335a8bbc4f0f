import { coreErrorCodes } from './core-error-codes.js';
import { ParacleError } from './paracle-error.js';

/** Facts that an engine's refusal carries. */
export interface EngineFailure {
  /** The call: `POST /containers/create`. */
  readonly call: string;
  /** HTTP status of the answer. */
  readonly statusCode: number;
  /** The engine's own words. */
  readonly engineMessage: string;
}

/** The engine did not answer in time. The clock starts when the request is handed over. */
export class EngineTimeoutError extends ParacleError {
  override readonly name: string = 'EngineTimeoutError';

  constructor(call: string, timeoutMs: number) {
    super(coreErrorCodes.engineTimeout, `The engine did not answer ${call} within ${timeoutMs} ms.`, {
      details: { call, timeoutMs },
      suggestion: 'Check that the engine is healthy (`docker info`), or raise `requestTimeoutMs`.',
    });
  }
}

/** The connection broke in mid-call: whether the engine carried it out is not known. */
export class EngineConnectionLostError extends ParacleError {
  override readonly name: string = 'EngineConnectionLostError';

  constructor(call: string, options: { readonly cause?: unknown } = {}) {
    super(coreErrorCodes.engineConnectionLost, `The connection to the engine broke during ${call}.`, {
      details: { call },
      suggestion: 'Check whether the engine was restarted; whether the call took effect is not known.',
      cause: options.cause,
    });
  }
}

/** The engine's answer is not what its API promises. */
export class EngineAnswerInvalidError extends ParacleError {
  override readonly name: string = 'EngineAnswerInvalidError';

  constructor(call: string, problem: string, options: { readonly cause?: unknown } = {}) {
    super(coreErrorCodes.engineAnswerInvalid, `The engine's answer to ${call} can't be used: ${problem}.`, {
      details: { call, problem },
      suggestion: 'Check that the endpoint is a Docker Engine and that no proxy rewrites its answers.',
      cause: options.cause,
    });
  }
}

/** The engine refused or failed, in a way that has no class of its own. */
export class EngineResponseError extends ParacleError {
  override readonly name: string = 'EngineResponseError';
  /** HTTP status of the answer. */
  readonly statusCode: number;

  constructor(failure: EngineFailure) {
    super(
      coreErrorCodes.engineResponse,
      `The engine answered ${failure.call} with ${failure.statusCode}: ${failure.engineMessage}`,
      { details: { ...failure } },
    );
    this.statusCode = failure.statusCode;
  }
}

/** The object is in a state, or under a name, that does not allow the call (409). */
export class EngineConflictError extends ParacleError {
  override readonly name: string = 'EngineConflictError';

  constructor(failure: EngineFailure) {
    super(coreErrorCodes.engineConflict, `The engine can't do ${failure.call} now: ${failure.engineMessage}`, {
      details: { ...failure },
      suggestion: 'Inspect the object: it has another state than expected, or its name is taken.',
    });
  }
}
