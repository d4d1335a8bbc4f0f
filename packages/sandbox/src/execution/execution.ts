import {
  coreErrorCodes,
  createId,
  type EndCause,
  type ExitReport,
  hasCode,
  type NetworkAttachment,
  type NetworkDenials,
  parseConfig,
  type RemoteExecution,
  type SignalName,
  type SupervisorConnection,
  signalName,
  signalNumber,
  type TerminalSize,
} from '@paracle/core';
import type { DiskLimit } from '../disk/disk-limit.js';
import { NonZeroExitError } from '../errors/execution-errors.js';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { SandboxError } from '../errors/sandbox-errors.js';
import { toStartError } from '../errors/start-errors.js';
import { attributeEnd, findLimitsHit, toUsage } from './attribute-end.js';
import { terminalSizeSchema } from './execute-options.js';
import { type ExecutionFacts, ExecutionResult, type LimitHit } from './execution-result.js';
import { OutputCapture } from './output-capture.js';
import { type OutputPiece, OutputQueue } from './output-queue.js';
import { toRejection } from './to-rejection.js';

/** What an execution is started with, all resolved. */
export interface ExecutionRequest {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly uid: number;
  readonly gid: number;
  readonly timeoutMs: number;
  readonly killGraceMs: number;
  readonly maxOutputBytes: number;
  readonly onOutputLimit: 'drop' | 'kill';
  readonly background: 'kill' | 'keep';
  readonly hasStdin: boolean;
  readonly terminal: TerminalSize | undefined;
  readonly check: boolean;
  readonly signal: AbortSignal | undefined;
  readonly disk: DiskLimit | undefined;
  readonly network: NetworkAttachment | undefined;
  /** Whether somebody iterates over the output; else it is only captured. */
  readonly isStreamed: boolean;
}

/** Captured output is consumed as it comes, so that none of this is ever held. */
const CAPTURED_WINDOW_BYTES = 8 * 1024 * 1024;

/**
 * A command under way. Where it was made by `start`, iterate over `output` or call `skipOutput`: a
 * command whose output nobody takes is held up after a mebibyte.
 */
export class Execution {
  readonly id: `exe_${string}`;
  readonly command: readonly string[];
  /** Resolves and rejects as `sandbox.execute` does. */
  readonly result: Promise<ExecutionResult>;
  readonly #request: ExecutionRequest;
  readonly #remote: RemoteExecution;
  readonly #captures: Record<'stdout' | 'stderr', OutputCapture>;
  readonly #queue: OutputQueue;
  readonly #diskEnd: ReturnType<DiskLimit['observe']> | undefined;
  #outputHit: LimitHit | undefined;

  constructor(connection: SupervisorConnection, request: ExecutionRequest) {
    this.id = createId('exe');
    this.command = request.command;
    this.#request = request;
    this.#captures = {
      stdout: new OutputCapture(request.maxOutputBytes),
      stderr: new OutputCapture(request.maxOutputBytes),
    };
    this.#queue = new OutputQueue((stream, bytes) => {
      this.#remote.consumed(stream, bytes);
    });
    if (!request.isStreamed) this.#queue.skip();
    this.#diskEnd = request.disk?.observe();
    this.#remote = connection.execute(
      {
        kind: 'program',
        argv: request.command,
        environment: request.environment,
        workingDirectory: request.workingDirectory,
        uid: request.uid,
        gid: request.gid,
        timeoutMs: request.timeoutMs,
        killGraceMs: request.killGraceMs,
        hasStdin: request.hasStdin,
        keepsBackground: request.background === 'keep',
        ...(request.terminal !== undefined && { terminal: request.terminal }),
        ...(!request.isStreamed && { outputWindowBytes: CAPTURED_WINDOW_BYTES }),
      },
      (stream, piece) => {
        this.#captures[stream].push(piece);
        this.#limitOutput(stream);
        this.#queue.push(stream, piece);
      },
    );
    this.result = this.#settle();
    this.result.catch(() => undefined);
  }

  /** The output as it comes, in order per stream. Leaving the loop lets the rest be captured only. */
  get output(): AsyncIterable<OutputPiece> {
    return this.#queue;
  }

  /** Process id of the leader inside the sandbox, once the program runs. */
  get pid(): Promise<number> {
    return this.#remote.started;
  }

  /** Lets the output be captured without anybody iterating over it. */
  skipOutput(): void {
    this.#queue.skip();
  }

  /** Writes to standard input; resolves when the sandbox has taken all of it. What a closed input can't take is dropped. */
  async write(data: string | Uint8Array): Promise<void> {
    await this.#remote.write(typeof data === 'string' ? Buffer.from(data) : data);
  }

  /**
   * Ends standard input. At a terminal this is Ctrl-D, so one program sees one end, and only if it reads lines; what
   * comes after is dropped.
   */
  endInput(): void {
    this.#remote.endInput();
  }

  /**
   * Gives the terminal another size; the programs in its foreground are told by SIGWINCH.
   *
   * @throws SandboxError `PARACLE_SANDBOX_NO_TERMINAL` where it was started without one
   * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` for what is no size
   */
  resize(size: TerminalSize): void {
    const parsed = parseConfig(terminalSizeSchema, size, 'terminal size');
    if (this.#request.terminal === undefined) {
      throw new SandboxError(sandboxErrorCodes.noTerminal, `Expected a command with a terminal, ${this.id} has none`, {
        details: { executionId: this.id },
        suggestion: 'Start the command with the option `terminal`.',
      });
    }
    this.#remote.resize(parsed);
  }

  /** Sends a signal to the leader, or with `tree` to all its processes. */
  kill(signal: SignalName, options: { readonly tree?: boolean } = {}): void {
    this.#remote.signal(signalNumber(signal), options);
  }

  /** Ends all its processes: TERM, then KILL after `killGraceMs`. */
  cancel(cause: Extract<EndCause, 'aborted' | 'timeout' | 'rolled_back'> = 'aborted'): void {
    this.#remote.cancel(cause, this.#request.killGraceMs);
  }

  #limitOutput(stream: 'stdout' | 'stderr'): void {
    const { onOutputLimit, maxOutputBytes } = this.#request;
    const printedBytes = this.#captures[stream].receivedBytes;
    if (onOutputLimit === 'drop' || printedBytes <= maxOutputBytes || this.#outputHit !== undefined) return;
    const evidence = { [`${stream}Bytes`]: printedBytes, limit: maxOutputBytes };
    this.#outputHit = { limit: 'output', evidence, scope: 'execution' };
    this.#remote.cancel('output', this.#request.killGraceMs);
  }

  async #settle(): Promise<ExecutionResult> {
    const { signal } = this.#request;
    const onAbort = (): void => {
      this.cancel();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const outcome = await this.#remote.ended.catch((error: unknown) => ({ error }));
    signal?.removeEventListener('abort', onAbort);
    this.#queue.end();
    const report = 'error' in outcome ? undefined : outcome;
    const diskHit = await this.#diskEnd?.(report);
    // Where the rules can't be read the network is taken away, so that not known is not hidden for long.
    const denials = await this.#request.network?.takeDenials().catch(() => ({ denials: [], isTruncated: true }));
    if (!('error' in outcome)) return this.#conclude(this.#factsOf(outcome, diskHit, denials), undefined);
    if (!hasCode(outcome.error, coreErrorCodes.executionRefused))
      return this.#conclude(this.#lostFacts(), outcome.error);
    throw toStartError(outcome.error, this.command, this.#request.workingDirectory);
  }

  #factsOf(report: ExitReport, diskHit: LimitHit | undefined, network: NetworkDenials | undefined): ExecutionFacts {
    const otherHits = [diskHit, this.#outputHit].filter((hit) => hit !== undefined);
    return {
      executionId: this.id,
      command: this.command,
      ...(report.exitCode !== undefined && { exitCode: report.exitCode }),
      ...(report.signalNumber !== undefined && { signal: signalName(report.signalNumber) }),
      // The order to end it may have come a moment after its end.
      cause: this.#outputHit === undefined ? attributeEnd(report) : 'output',
      limitsHit: [...findLimitsHit(report), ...otherHits],
      usage: toUsage(report),
      ...(network !== undefined && { networkDenials: network.denials }),
      hasLostDenials: network?.isTruncated ?? false,
      survivorCount: report.survivorCount,
      hasBackground: report.hasBackground,
    };
  }

  #lostFacts(): ExecutionFacts {
    const { id, command } = this;
    return {
      executionId: id,
      command,
      cause: 'lost',
      limitsHit: [],
      // What was refused went with the sandbox.
      hasLostDenials: this.#request.network !== undefined,
      survivorCount: 0,
      hasBackground: false,
    };
  }

  #conclude(facts: ExecutionFacts, origin: unknown): ExecutionResult {
    const output = { stdout: this.#captures.stdout.finish(), stderr: this.#captures.stderr.finish() };
    const result = new ExecutionResult(facts, output, (failed) => new NonZeroExitError(failed));
    const rejection = toRejection(result, {
      timeoutMs: this.#request.timeoutMs,
      abortReason: this.#request.signal?.reason,
      origin,
    });
    if (rejection !== undefined) throw rejection;
    return this.#request.check ? result.orThrow() : result;
  }
}
