import { LONGEST_TIMER_MS } from '../engine/connection/with-deadline.js';
import { encodeTerminalSize, type TerminalSize } from './execute-request.js';
import { type ExitReport, readExitReport } from './exit-report.js';
import { errnoName } from './linux-numbers.js';
import {
  END_CAUSES,
  type EndCause,
  MAX_PAYLOAD_BYTES,
  REFUSAL_STAGES,
  REPLY,
  REQUEST,
  STDIN_WINDOW_BYTES,
} from './protocol.js';
import { ExecutionRefusedError, SupervisorLostError, SupervisorTimeoutError } from './supervisor-errors.js';
import { PayloadReader, PayloadWriter } from './wire.js';

/**
 * How long the report of an end may take once it is due: 5 s until the supervisor counts survivors, the rest
 * for what is still on its way over a slow link from a busy host.
 */
const OVERDUE_MS = 30_000;

/** Takes a piece of output; it is a view that is reused, so copy what is kept. */
export type OutputListener = (stream: 'stdout' | 'stderr', piece: Buffer) => void;

/** Ctrl-D, which ends the input where a line begins. */
const END_OF_FILE = 4;
/** After these a line begins: Ctrl-D itself, newline, carriage return. */
const LINE_ENDS: readonly number[] = [END_OF_FILE, 10, 13];
/** Sends a message; `onSent` is called when this process holds nothing of it any more. */
export type MessageSender = (type: number, id: number, payload?: Buffer, onSent?: () => void) => void;

/** What an execution gives its connection. */
export interface ExecutionListeners {
  readonly onOutput: OutputListener;
  /** It is over: nothing that comes with its id means anything any more. */
  readonly onOver: () => void;
}

interface Grant {
  allowed: number;
  consumed: number;
}

/** One execution as the controller sees it through a connection. */
export class RemoteExecution {
  /** Settles when the execution has ended and all its output was handed over. */
  readonly ended: Promise<ExitReport>;
  /** Settles with the leader's process id inside the sandbox once the program runs. */
  readonly started: Promise<number>;
  readonly #id: number;
  readonly #send: MessageSender;
  readonly #listeners: ExecutionListeners;
  readonly #windowBytes: number;
  readonly #hasTerminal: boolean;
  readonly #grants: Record<'stdout' | 'stderr', Grant>;
  readonly #waiting: { data: Buffer; done: () => void }[] = [];
  #inputWindow = STDIN_WINDOW_BYTES;
  #inputEnded = false;
  #isInLine = false;
  #isOver = false;
  /** By this process's own clock, which never jumps; the latest moment at which its end must have been told. */
  #dueAt = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #resolveEnded: (report: ExitReport) => void = () => undefined;
  #rejectEnded: (error: unknown) => void = () => undefined;
  #resolveStarted: (pid: number) => void = () => undefined;
  #rejectStarted: (error: unknown) => void = () => undefined;

  constructor(
    id: number,
    send: MessageSender,
    output: { readonly windowBytes: number; readonly hasTerminal: boolean },
    listeners: ExecutionListeners,
  ) {
    this.#id = id;
    this.#send = send;
    this.#listeners = listeners;
    this.#windowBytes = output.windowBytes;
    this.#hasTerminal = output.hasTerminal;
    this.#grants = {
      stdout: { allowed: output.windowBytes, consumed: 0 },
      stderr: { allowed: output.windowBytes, consumed: 0 },
    };
    this.ended = new Promise((resolve, reject) => {
      this.#resolveEnded = resolve;
      this.#rejectEnded = reject;
    });
    this.started = new Promise((resolve, reject) => {
      this.#resolveStarted = resolve;
      this.#rejectStarted = reject;
    });
    this.ended.catch(() => undefined);
    this.started.catch(() => undefined);
  }

  /** Says that output was consumed, so that as much may follow. */
  consumed(stream: 'stdout' | 'stderr', bytes: number): void {
    const grant = this.#grants[stream];
    grant.consumed += bytes;
    if (grant.consumed < this.#windowBytes / 2 || this.#isOver) return;
    grant.allowed += grant.consumed;
    const number = stream === 'stdout' ? 1 : 2;
    this.#send(REQUEST.credit, this.#id, new PayloadWriter().u8(number).u32(grant.consumed).finish());
    grant.consumed = 0;
  }

  /** Writes to the program's standard input; resolves when all of it was sent, as the supervisor's credit allows. */
  write(data: Uint8Array): Promise<void> {
    if (this.#isOver || data.length === 0) return Promise.resolve();
    this.#isInLine = !LINE_ENDS.includes(data.at(-1) ?? 0);
    return new Promise((resolve) => {
      this.#waiting.push({ data: Buffer.from(data.buffer, data.byteOffset, data.byteLength), done: resolve });
      this.#pump();
    });
  }

  /**
   * Ends the program's standard input after what was written. At a terminal that is Ctrl-D: twice after an
   * unfinished line, since the first hands that line over. A program that reads by the key sees it as a key.
   */
  endInput(): void {
    if (this.#hasTerminal && !this.#inputEnded) {
      void this.write(Buffer.alloc(this.#isInLine ? 2 : 1, END_OF_FILE));
    }
    this.#inputEnded = true;
    this.#pump();
  }

  /**
   * Gives the terminal another size, of which its foreground processes are told by SIGWINCH.
   *
   * @throws TypeError where there is no terminal, RangeError where a number is not one from 1 to 65535
   */
  resize(size: TerminalSize): void {
    if (!this.#hasTerminal) throw new TypeError('Expected an execution that was started with a terminal');
    const payload = encodeTerminalSize(size);
    if (!this.#isOver) this.#send(REQUEST.resize, this.#id, payload);
  }

  /** Sends a signal to the leader, or to its whole tree. */
  signal(signalNumber: number, options: { tree?: boolean } = {}): void {
    if (this.#isOver) return;
    this.#send(REQUEST.signal, this.#id, Buffer.of(signalNumber, options.tree === true ? 1 : 0));
  }

  /** Ends the whole tree: TERM, then KILL after the grace period. */
  cancel(cause: EndCause, graceMs: number): void {
    if (this.#isOver) return;
    const payload = new PayloadWriter().u8(END_CAUSES.indexOf(cause)).u32(graceMs).finish();
    this.#send(REQUEST.cancel, this.#id, payload);
    this.expectEnd(graceMs);
  }

  /**
   * Its end is due within this time. Where nothing tells it for another 30 s, nobody waits any longer: `ended` rejects
   * with `SupervisorTimeoutError`. While output lies here unconsumed, it is the reader who holds it up, and that is fine.
   */
  expectEnd(withinMs: number): void {
    if (this.#isOver) return;
    this.#dueAt = Math.min(this.#dueAt, performance.now() + withinMs + OVERDUE_MS);
    this.#watch();
  }

  /** Waits no longer: tells the supervisor to end it, and forgets it. */
  giveUp(reason: unknown): void {
    if (this.#isOver) return;
    this.cancel('aborted', 0);
    this.fail(reason);
  }

  /** For the connection: output has come. */
  acceptOutput(stream: 'stdout' | 'stderr', piece: Buffer): void {
    const grant = this.#grants[stream];
    grant.allowed -= piece.length;
    if (grant.allowed < 0) throw new RangeError('more output than was granted');
    this.#listeners.onOutput(stream, piece);
  }

  /** For the connection: a message has come. */
  acceptMessage(type: number, payload: Buffer): void {
    const reader = new PayloadReader(payload);
    if (type === REPLY.started) {
      this.#resolveStarted(reader.u32());
    } else if (type === REPLY.stdinCredit) {
      this.#inputWindow = Math.min(this.#inputWindow + reader.u32(), STDIN_WINDOW_BYTES);
      this.#pump();
    } else if (type === REPLY.refused) {
      const stage = REFUSAL_STAGES[reader.u32()] ?? 'unknown';
      this.fail(new ExecutionRefusedError(stage, errnoName(reader.u32())));
    } else if (type === REPLY.exited) {
      const report = readExitReport(reader);
      this.#finish();
      this.#rejectStarted(new SupervisorLostError('it told the end of an execution that it had not started'));
      this.#resolveEnded(report);
    } else {
      throw new RangeError(`message type ${type} does not belong to an execution`);
    }
  }

  /** For the connection: nothing more will come. */
  fail(error: unknown): void {
    this.#finish();
    this.#rejectStarted(error);
    this.#rejectEnded(error);
  }

  #finish(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const { done } of this.#waiting.splice(0)) done();
    this.#listeners.onOver();
  }

  #watch(): void {
    clearTimeout(this.#timer);
    const leftMs = Math.max(0, this.#dueAt - performance.now());
    // What is waited for holds the process already.
    this.#timer = setTimeout(() => this.#judge(), Math.min(leftMs, LONGEST_TIMER_MS)).unref();
  }

  #judge(): void {
    const isHeldHere = Object.values(this.#grants).some(
      ({ allowed, consumed }) => allowed + consumed < this.#windowBytes,
    );
    if (isHeldHere) this.#dueAt = performance.now() + OVERDUE_MS;
    if (performance.now() < this.#dueAt) this.#watch();
    else this.giveUp(new SupervisorTimeoutError('tell the end of an execution', OVERDUE_MS));
  }

  #pump(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#inputWindow > 0; next = this.#waiting[0]) {
      const piece = next.data.subarray(0, Math.min(this.#inputWindow, MAX_PAYLOAD_BYTES));
      this.#inputWindow -= piece.length;
      next.data = next.data.subarray(piece.length);
      const isLast = next.data.length === 0;
      if (isLast) this.#waiting.shift();
      // Credit alone does not let the writer go on: one who gives it and does not read would have all of it held here.
      this.#send(REQUEST.stdin, this.#id, piece, isLast ? next.done : undefined);
    }
    if (!this.#inputEnded || this.#waiting.length > 0 || this.#isOver) return;
    this.#inputEnded = false;
    this.#send(REQUEST.stdinEnd, this.#id);
  }
}
