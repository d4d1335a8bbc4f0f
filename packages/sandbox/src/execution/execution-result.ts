import type { NetworkDenial } from '@paracle/core';
import type { NonZeroExitError } from '../errors/execution-errors.js';

/** How an execution's leader ended. */
export type ExecutionCause =
  | 'exited'
  | 'signalled'
  | 'timeout'
  | 'aborted'
  | 'oom'
  | 'output'
  | 'disk'
  | 'rolled_back'
  | 'lost';

/** A limit that was reached while an execution ran. */
export interface LimitHit {
  readonly limit: 'memory' | 'pids' | 'disk' | 'output';
  /**
   * Counters of the kernel before and after; for output the bytes that had come; for disk the space that a watchdog
   * found taken, or the limit of the directory where a write was refused.
   */
  readonly evidence: Readonly<Record<string, number>>;
  /** The directory that is full, where the kernel limits disk space. */
  readonly path?: string;
  /** `shared` where another execution ran at the same time, or had filled the disk before: either may have reached it. */
  readonly scope: 'execution' | 'shared';
}

/** What an execution used. */
export interface ExecutionUsage {
  /** From the request to the end of the last process. */
  readonly durationMs: number;
  readonly userCpuMs: number;
  readonly systemCpuMs: number;
  /** The most memory that its largest single process had, in bytes. */
  readonly peakProcessBytes: number;
  /** The most memory that the whole sandbox ever had, in bytes, where the kernel tells. */
  readonly sandboxPeakBytes?: number;
  /** Whether another execution ran at the same time. */
  readonly isShared: boolean;
}

/** What is kept of an execution's output. */
export interface CapturedOutput {
  /** Decoded as UTF-8, with a note where bytes were dropped in the middle. */
  readonly text: string;
  /** Head and tail as they came. */
  readonly bytes: Uint8Array;
  readonly droppedBytes: number;
}

/** The facts of an execution that ended. */
export interface ExecutionFacts {
  readonly executionId: string;
  readonly command: readonly string[];
  /** Absent where the leader has none: ended by a signal, or lost. */
  readonly exitCode?: number;
  /** Name of the signal that ended the leader, such as `SIGKILL`. */
  readonly signal?: string;
  readonly cause: ExecutionCause;
  readonly limitsHit: readonly LimitHit[];
  readonly usage?: ExecutionUsage;
  /**
   * What the network's policy refused since the execution before ended: that of others is among it where they ran at the
   * same time. Absent without a network.
   */
  readonly networkDenials?: readonly NetworkDenial[];
  /** Whether `networkDenials` may lack some: it was more than is kept, or could not be read. */
  readonly hasLostDenials: boolean;
  /** Processes that not even SIGKILL ended in time (waiting in the kernel); 0 as a rule. */
  readonly survivorCount: number;
  /** Whether processes were left running on purpose. */
  readonly hasBackground: boolean;
}

/** What comes back from an execution. */
export class ExecutionResult implements ExecutionFacts {
  readonly executionId: string;
  readonly command: readonly string[];
  readonly exitCode?: number;
  readonly signal?: string;
  readonly cause: ExecutionCause;
  readonly limitsHit: readonly LimitHit[];
  readonly usage?: ExecutionUsage;
  readonly networkDenials?: readonly NetworkDenial[];
  readonly hasLostDenials: boolean;
  readonly survivorCount: number;
  readonly hasBackground: boolean;
  /** Standard output as text; see {@link CapturedOutput}. */
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Uint8Array;
  readonly stderrBytes: Uint8Array;
  /** Bytes of output that were not kept. */
  readonly droppedBytes: { readonly stdout: number; readonly stderr: number };
  readonly #toError: (result: ExecutionResult) => NonZeroExitError;

  constructor(
    facts: ExecutionFacts,
    output: { readonly stdout: CapturedOutput; readonly stderr: CapturedOutput },
    toError: (result: ExecutionResult) => NonZeroExitError,
  ) {
    this.executionId = facts.executionId;
    this.command = facts.command;
    if (facts.exitCode !== undefined) this.exitCode = facts.exitCode;
    if (facts.signal !== undefined) this.signal = facts.signal;
    this.cause = facts.cause;
    this.limitsHit = facts.limitsHit;
    if (facts.usage !== undefined) this.usage = facts.usage;
    if (facts.networkDenials !== undefined) this.networkDenials = facts.networkDenials;
    this.hasLostDenials = facts.hasLostDenials;
    this.survivorCount = facts.survivorCount;
    this.hasBackground = facts.hasBackground;
    this.stdout = output.stdout.text;
    this.stderr = output.stderr.text;
    this.stdoutBytes = output.stdout.bytes;
    this.stderrBytes = output.stderr.bytes;
    this.droppedBytes = { stdout: output.stdout.droppedBytes, stderr: output.stderr.droppedBytes };
    this.#toError = toError;
  }

  /**
   * The result itself where the command ended with exit code 0.
   * @throws NonZeroExitError `PARACLE_SANDBOX_EXIT_NON_ZERO` otherwise
   */
  orThrow(): this {
    if (this.cause === 'exited' && this.exitCode === 0) return this;
    throw this.#toError(this);
  }
}
