import type { PathPattern } from '../path/path-pattern.js';
import type { RiskFinding } from '../risk-analyzer.js';
import type { CommandPattern } from './command-pattern.js';

/** What a command is scanned with, and where in the outermost script the scanner is. */
export interface ScanContext {
  readonly commandPatterns: readonly CommandPattern[];
  readonly pathPatterns: readonly PathPattern[];
  /** Where relative words start. */
  readonly workingDirectory: string | undefined;
  /** How many shells are around this one. */
  readonly depth: number;
  /** Where in the outermost script; absent for argument vectors. */
  readonly span: { readonly start: number; readonly end: number } | undefined;
  /** Whether a text that is no shell script is passed over rather than taken as high: a literal in another language's code. */
  readonly isTolerant: boolean;
  /** How much work is left, shared by the whole scan: what an agent writes must not keep the controller busy. */
  readonly budget: { left: number };
  /** Scans a script inside this command. */
  readonly scanScript: (script: string, context: ScanContext) => readonly RiskFinding[];
}

/** A finding of level high at the scanner's place. */
export function highFinding(context: ScanContext, reason: string, pattern?: string): RiskFinding {
  return {
    level: 'high',
    reason,
    ...(pattern === undefined ? {} : { pattern }),
    ...(context.span === undefined ? {} : { span: context.span }),
  };
}

/** Takes work off the budget: the finding that ends the scan when nothing is left, else none. */
export function spend(context: ScanContext, units: number): RiskFinding | undefined {
  context.budget.left -= units;
  return context.budget.left < 0
    ? highFinding({ ...context, span: undefined }, 'this is too much to be judged')
    : undefined;
}

/** A text cut to what fits into a reason. */
export function shorten(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
