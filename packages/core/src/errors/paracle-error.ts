import { toPrintable } from './to-printable.js';

const brand = Symbol.for('paracle.error');

/** Plain facts about a failure: serialisable, without secrets. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** What an error may carry besides its code and message. */
export interface ParacleErrorOptions {
  /** Facts a program can act on. */
  readonly details?: ErrorDetails | undefined;
  /** What the caller can do next, in one sentence. */
  readonly suggestion?: string | undefined;
  /** What failed first. */
  readonly cause?: unknown;
}

/** The JSON form of a {@link ParacleError}. The cause stays out: it may hold what must not leave the process. */
export interface ParacleErrorJson {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly suggestion?: string;
}

/**
 * The base of everything Paracle throws across a package boundary.
 * Recognise it with {@link ParacleError.isInstance}, which also holds for another copy of this package.
 */
export class ParacleError extends Error {
  override readonly name: string = 'ParacleError';
  /** Stable, documented name of the failure: `PARACLE_<AREA>_<WHAT>`. */
  readonly code: string;
  /** Facts about the failure; frozen. */
  readonly details: ErrorDetails;
  /** What to do next, where there is something to do. */
  readonly suggestion?: string;

  /** A message is one line, or the lines given; what does not print is shown as an escape in each. */
  constructor(code: string, message: string | readonly string[], options: ParacleErrorOptions = {}) {
    const lines = typeof message === 'string' ? [message] : message;
    super(lines.map(toPrintable).join('\n'), options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.details = Object.freeze({ ...options.details });
    if (options.suggestion !== undefined) this.suggestion = options.suggestion;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Says whether a value is an error of Paracle, whichever copy or realm made it. */
  static isInstance(value: unknown): value is ParacleError {
    return typeof value === 'object' && value !== null && Reflect.get(value, brand) === true;
  }

  /** The error as plain data, without stack and cause. */
  toJSON(): ParacleErrorJson {
    const { name, code, message, details, suggestion } = this;
    return { name, code, message, details, ...(suggestion === undefined ? {} : { suggestion }) };
  }
}
