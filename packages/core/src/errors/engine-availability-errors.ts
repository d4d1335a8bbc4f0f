import { coreErrorCodes } from './core-error-codes.js';
import { ParacleError } from './paracle-error.js';

/** One place where an engine was looked for, and why it was not used. */
export interface EndpointAttempt {
  /** The way of looking: `DOCKER_HOST`, `docker context`, … */
  readonly strategy: string;
  /** The endpoint that was tried, where there was one. */
  readonly endpoint?: string;
  /** Why it was skipped or did not work. */
  readonly reason: string;
}

/** No Docker Engine answers. `details.attempts` says where it was looked for. */
export class DockerNotAvailableError extends ParacleError {
  override readonly name: string = 'DockerNotAvailableError';

  constructor(attempts: readonly EndpointAttempt[], options: { readonly cause?: unknown } = {}) {
    const tried = attempts.map(({ strategy, endpoint, reason }) =>
      endpoint === undefined ? `${strategy}: ${reason}` : `${strategy} (${endpoint}): ${reason}`,
    );
    super(coreErrorCodes.engineNotAvailable, `No Docker Engine answers. Tried:\n- ${tried.join('\n- ')}`, {
      details: { attempts },
      suggestion: 'Start Docker, or name a reachable engine with the `endpoint` option or DOCKER_HOST.',
      cause: options.cause,
    });
  }
}

/** The engine's socket exists but this user may not use it. */
export class EnginePermissionError extends ParacleError {
  override readonly name: string = 'EnginePermissionError';

  constructor(endpoint: string, options: { readonly cause?: unknown } = {}) {
    super(coreErrorCodes.enginePermission, `This user may not use the Docker Engine at ${endpoint}.`, {
      details: { endpoint },
      suggestion:
        'Add the user to the group that owns the socket (usually `docker`) and log in again, or use rootless Docker.',
      cause: options.cause,
    });
  }
}

/** The endpoint is of a kind that this version can't use. */
export class EngineEndpointUnsupportedError extends ParacleError {
  override readonly name: string = 'EngineEndpointUnsupportedError';

  constructor(endpoint: string, kind: string) {
    super(
      coreErrorCodes.engineEndpointUnsupported,
      `Connecting by ${kind} is not yet supported (asked for ${endpoint}).`,
      {
        details: { endpoint, kind },
        suggestion: 'Use a local socket (unix://… or npipe://…) or plain tcp://… over a trusted network or tunnel.',
      },
    );
  }
}

/** The engine is too old: its API lacks what Paracle relies on. */
export class EngineApiVersionError extends ParacleError {
  override readonly name: string = 'EngineApiVersionError';

  constructor(apiVersion: string, oldestApiVersion: string) {
    super(
      coreErrorCodes.engineApiVersion,
      `Expected an engine with API ${oldestApiVersion} or later, found API ${apiVersion}.`,
      {
        details: { apiVersion, oldestApiVersion },
        suggestion: 'Upgrade the engine to Docker 20.10 or later.',
      },
    );
  }
}

/** The engine was used after `close()`. */
export class EngineClosedError extends ParacleError {
  override readonly name: string = 'EngineClosedError';

  constructor() {
    super(coreErrorCodes.engineClosed, 'This engine was closed.', { suggestion: 'Make a new Engine.' });
  }
}
