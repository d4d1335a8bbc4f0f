import { ParacleError, type ParacleErrorOptions } from '@paracle/core';
import type { ExecutionResult, LimitHit } from '../execution/execution-result.js';
import { type SandboxErrorCode, sandboxErrorCodes } from './sandbox-error-codes.js';

/** An execution that ran and did not end as it should; carries the result so far. */
export class ExecutionError extends ParacleError {
  override readonly name: string = 'ExecutionError';
  declare readonly code: SandboxErrorCode;
  /** What is known: output, usage, limits. */
  readonly result: ExecutionResult;

  constructor(code: SandboxErrorCode, message: string, result: ExecutionResult, options: ParacleErrorOptions = {}) {
    const { executionId, exitCode, signal, cause, limitsHit } = result;
    super(code, message, {
      ...options,
      details: { executionId, exitCode, signal, cause, limitsHit, ...options.details },
    });
    this.result = result;
  }
}

/** A limit ended the command, or made it fail. */
export class ResourceLimitExceededError extends ExecutionError {
  override readonly name: string = 'ResourceLimitExceededError';
  readonly limitsHit: readonly LimitHit[];

  constructor(result: ExecutionResult) {
    const limits = [...new Set(result.limitsHit.map(({ limit }) => limit))].join(' and ') || 'memory';
    super(sandboxErrorCodes.limitExceeded, `The command reached its ${limits} limit`, result, {
      suggestion: `Raise the ${limits} limit of the sandbox, or give the command less to do.`,
    });
    this.limitsHit = result.limitsHit;
  }
}

/** The command took longer than it was allowed to; its whole tree was ended. */
export class ExecutionTimeoutError extends ExecutionError {
  override readonly name: string = 'ExecutionTimeoutError';

  constructor(result: ExecutionResult, timeoutMs: number) {
    super(sandboxErrorCodes.timeout, `The command took longer than ${timeoutMs} ms and was ended`, result, {
      details: { timeoutMs },
      suggestion: 'Raise timeoutSeconds, of the sandbox or of this execution.',
    });
  }
}

/** The caller's signal ended the command; its reason is the `cause`. */
export class ExecutionAbortedError extends ExecutionError {
  override readonly name: string = 'ExecutionAbortedError';

  constructor(result: ExecutionResult, reason: unknown) {
    super(sandboxErrorCodes.aborted, 'The command was aborted and its processes were ended', result, { cause: reason });
  }
}

/** The sandbox ended under the command, so how the command ended is not known. */
export class ExecutionLostError extends ExecutionError {
  override readonly name: string = 'ExecutionLostError';

  constructor(result: ExecutionResult, reason: unknown) {
    const why = reason instanceof Error ? reason.message : 'its end was not reported';
    super(sandboxErrorCodes.lost, `What became of the command is not known: ${why}`, result, {
      cause: reason,
      suggestion: 'Create a new sandbox and run the command again if it may run twice.',
    });
  }
}

/** The sandbox was rolled back while the command ran. */
export class ExecutionRolledBackError extends ExecutionError {
  override readonly name: string = 'ExecutionRolledBackError';

  constructor(result: ExecutionResult) {
    super(sandboxErrorCodes.rolledBack, 'The sandbox was rolled back while the command ran', result);
  }
}

/** The command ended by itself, with another exit code than 0 or by a signal, where success was asked for. */
export class NonZeroExitError extends ExecutionError {
  override readonly name: string = 'NonZeroExitError';

  constructor(result: ExecutionResult) {
    const how = result.signal === undefined ? `exit code ${result.exitCode}` : `signal ${result.signal}`;
    super(sandboxErrorCodes.exitNonZero, `The command ended with ${how}`, result);
  }
}
