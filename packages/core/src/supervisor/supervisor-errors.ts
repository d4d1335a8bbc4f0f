import { coreErrorCodes } from '../errors/core-error-codes.js';
import { ParacleError } from '../errors/paracle-error.js';
import type { RefusalStage } from './protocol.js';

/** The link to a supervisor ended: its sandbox died, or somebody interfered. */
export class SupervisorLostError extends ParacleError {
  override readonly name: string = 'SupervisorLostError';

  constructor(reason: string, options: { cause?: unknown } = {}) {
    super(coreErrorCodes.supervisorLost, `The sandbox's supervisor is gone: ${reason}`, {
      details: { reason },
      suggestion: 'The sandbox has ended; create another one.',
      cause: options.cause,
    });
  }
}

/** No supervisor answers in a container. */
export class SupervisorUnreachableError extends ParacleError {
  override readonly name: string = 'SupervisorUnreachableError';

  constructor(containerId: string, reason: string, options: { cause?: unknown } = {}) {
    super(coreErrorCodes.supervisorUnreachable, `No supervisor answers in container ${containerId}: ${reason}`, {
      details: { containerId, reason },
      suggestion: 'Only running sandboxes made by Paracle have a supervisor.',
      cause: options.cause,
    });
  }
}

/** A program moved a directory that something is mounted below: a start would mount that elsewhere. */
export class SandboxMountMovedError extends ParacleError {
  override readonly name: string = 'SandboxMountMovedError';

  constructor(containerId: string, path: string) {
    super(
      coreErrorCodes.mountMoved,
      `${path} in container ${containerId} is no directory any more, and on the way to a mount`,
      {
        details: { containerId, path },
        suggestion: 'Remove the container: what is in it is not to be trusted with another start.',
      },
    );
  }
}

/** Another build of the supervisor answered than the one that this package brings. */
export class SupervisorMismatchError extends ParacleError {
  override readonly name: string = 'SupervisorMismatchError';

  constructor(expected: string, found: string) {
    super(coreErrorCodes.supervisorMismatch, `Expected supervisor build ${expected}, found ${found}`, {
      details: { expected, found },
      suggestion: 'The supervisor volume was changed; remove it and try again.',
    });
  }
}

/** A supervisor refused to start an execution. */
export class ExecutionRefusedError extends ParacleError {
  override readonly name: string = 'ExecutionRefusedError';
  readonly stage: RefusalStage;
  /** Name of the kernel's error, such as `ENOENT`. */
  readonly errno: string;

  constructor(stage: RefusalStage, errno: string) {
    super(coreErrorCodes.executionRefused, `The execution was refused at stage "${stage}": ${errno}`, {
      details: { stage, errno },
    });
    this.stage = stage;
    this.errno = errno;
  }
}

/** One file operation inside a sandbox failed. */
export class FileOperationError extends ParacleError {
  override readonly name: string = 'FileOperationError';
  /** Name of the kernel's error, such as `ENOENT`. */
  readonly errno: string;
  readonly path: string;

  constructor(operation: string, path: string, errno: string) {
    super(coreErrorCodes.fileOperation, `Could not ${operation} ${path} in the sandbox: ${errno}`, {
      details: { operation, path, errno },
    });
    this.errno = errno;
    this.path = path;
  }
}

/** A file operation's answer went on beyond what may be kept of it; the rest was not read. */
export class FileAnswerTooLargeError extends ParacleError {
  override readonly name: string = 'FileAnswerTooLargeError';

  constructor(operation: string, path: string, allowed: string) {
    super(coreErrorCodes.fileAnswerTooLarge, `Could not ${operation} ${path} in the sandbox: more than ${allowed}`, {
      details: { operation, path, allowed },
      suggestion: 'Ask for less, or raise the limit if the call has one.',
    });
  }
}

/** A supervisor did not answer in time: its sandbox is paused, starved, or lies. */
export class SupervisorTimeoutError extends ParacleError {
  override readonly name: string = 'SupervisorTimeoutError';

  constructor(what: string, timeoutMs: number) {
    super(coreErrorCodes.supervisorTimeout, `The sandbox's supervisor did not ${what} within ${timeoutMs} ms`, {
      details: { what, timeoutMs },
      suggestion: 'Unpause the sandbox if it is paused; else destroy it.',
    });
  }
}

/** Another party holds the sandbox's executions stopped. */
export class SupervisorBusyError extends ParacleError {
  override readonly name: string = 'SupervisorBusyError';

  constructor() {
    super(coreErrorCodes.supervisorBusy, 'A snapshot or rollback of this sandbox is under way', {
      suggestion: 'Wait for it to end and try again.',
    });
  }
}
