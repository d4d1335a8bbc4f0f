import { ParacleError } from '@paracle/core';
import { sandboxErrorCodes } from './sandbox-error-codes.js';

/** A failure of a sandbox or its manager, not of one execution. */
export class SandboxError extends ParacleError {
  override readonly name: string = 'SandboxError';
}

/** A limit or rule that was asked for is not in force; the sandbox was not handed out. */
export class LimitUnenforcedError extends SandboxError {
  override readonly name: string = 'LimitUnenforcedError';
  /** Each difference in one sentence. */
  readonly differences: readonly string[];

  constructor(differences: readonly string[]) {
    super(
      sandboxErrorCodes.limitUnenforced,
      `The engine does not enforce what was asked for: ${differences.join('; ')}`,
      { details: { differences }, suggestion: 'Ask doctor() what this engine can guarantee, or use another engine.' },
    );
    this.differences = differences;
  }
}
