import { coreErrorCodes } from './core-error-codes.js';
import { ParacleError } from './paracle-error.js';

/** One thing that is wrong with a configuration. */
export interface ConfigIssue {
  /** Where it is: `network.allowedPorts[0]`; empty for the whole. */
  readonly path: string;
  /** What is wrong, in plain words. */
  readonly message: string;
}

/** Options or a configuration were refused; `issues` names everything that is wrong. */
export class InvalidConfigError extends ParacleError {
  override readonly name: string = 'InvalidConfigError';
  /** Every problem that was found. */
  readonly issues: readonly ConfigIssue[];

  constructor(what: string, issues: readonly ConfigIssue[], options: { readonly cause?: unknown } = {}) {
    const problems = issues.map((issue) => issue.message);
    const lines = [`Invalid ${what}:`, ...problems.map((problem) => `- ${problem}`)];
    super(coreErrorCodes.configInvalid, problems.length === 1 ? `Invalid ${what}: ${problems.join('')}` : lines, {
      details: { what, issues },
      suggestion: `Correct the named options of ${what} and try again.`,
      cause: options.cause,
    });
    this.issues = issues;
  }
}
