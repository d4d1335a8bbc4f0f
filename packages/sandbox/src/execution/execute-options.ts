import type { TerminalSize } from '@paracle/core';
import { z } from 'zod';
import { environmentSchema } from '../config/sandbox-config.js';

/** How one command is run. */
export interface ExecuteOptions {
  /** Absolute, or relative to the sandbox's working directory. @defaultValue the sandbox's working directory */
  readonly workingDirectory?: string;
  /** Added to the sandbox's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Longest it may take; the clock starts when the sandbox gets the request. @defaultValue the sandbox's `timeoutSeconds` */
  readonly timeoutSeconds?: number;
  /**
   * Time between TERM and KILL where a time-out or the signal ends it, in milliseconds.
   * @defaultValue 2000
   */
  readonly killGraceMs?: number;
  /** Given to the command as its standard input; without it that is empty. */
  readonly stdin?: string | Uint8Array;
  /**
   * Makes stdin, stdout and stderr one terminal of this size, in characters; all output is then `stdout`. `TERM` is
   * `xterm-256color` unless the image or an environment sets it. @defaultValue no terminal
   */
  readonly terminal?: TerminalSize;
  /** What is kept of each of stdout and stderr: half of it from the head, half from the tail. @defaultValue 1048576 */
  readonly maxOutputBytes?: number;
  /**
   * What happens to a command that prints more than `maxOutputBytes` on a stream: `drop` drops the middle and
   * counts it, `kill` ends the command and all it started. @defaultValue 'drop'
   */
  readonly onOutputLimit?: 'drop' | 'kill';
  /** Ends the command and all it started. */
  readonly signal?: AbortSignal;
  /** Makes a non-zero exit an error. @defaultValue false */
  readonly check?: boolean;
  /** What becomes of processes that the command leaves running. @defaultValue 'kill' */
  readonly background?: 'kill' | 'keep';
}

/** {@link ExecuteOptions} after defaults. */
export interface ResolvedExecuteOptions {
  readonly workingDirectory?: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number | undefined;
  readonly killGraceMs: number;
  readonly terminal?: TerminalSize | undefined;
  readonly maxOutputBytes: number;
  readonly onOutputLimit: 'drop' | 'kill';
  readonly check: boolean;
  readonly background: 'kill' | 'keep';
}

/** Half a gibibyte: what is kept becomes one string. */
const MAX_KEPT_BYTES = 512 * 1024 * 1024;

const characters = z.int().min(1).max(0xffff);

/** Checks the size of a terminal. */
export const terminalSizeSchema: z.ZodType<TerminalSize> = z.strictObject({ columns: characters, rows: characters });

/** Checks {@link ExecuteOptions} but for signal and stdin: what is checked is frozen, and these can't be. */
export const executeOptionsSchema: z.ZodType<ResolvedExecuteOptions> = z.strictObject({
  workingDirectory: z.string().min(1).optional(),
  environment: environmentSchema.default({}),
  timeoutSeconds: z.number().positive().max(4_000_000).optional(),
  killGraceMs: z.int().min(0).max(3_600_000).default(2000),
  terminal: terminalSizeSchema.optional(),
  maxOutputBytes: z
    .int()
    .min(0)
    .max(MAX_KEPT_BYTES)
    .default(1024 * 1024),
  onOutputLimit: z.enum(['drop', 'kill']).default('drop'),
  check: z.boolean().default(false),
  background: z.enum(['kill', 'keep']).default('kill'),
});

/** A command: at least a program, and nothing with a NUL byte in it. */
export const commandSchema: z.ZodType<readonly string[]> = z
  .array(z.string().refine((text) => !text.includes('\0'), 'text without NUL bytes, which no program can be given'))
  .min(1)
  .refine((command) => command[0] !== '', 'a program as its first element');
