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
import { ExecutionRefusedError } from './supervisor-errors.js';
import { PayloadReader, PayloadWriter } from './wire.js';

/** Takes a piece of output; it is a view that is reused, so copy what is kept. */
export type OutputListener = (stream: 'stdout' | 'stderr', piece: Buffer) => void;

/** Ctrl-D, which ends the input where a line begins. */
const END_OF_FILE = 4;
/** After these a line begins: Ctrl-D itself, newline, carriage return. */
const LINE_ENDS: readonly number[] = [END_OF_FILE, 10, 13];

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
  readonly #send: (type: number, id: number, payload?: Buffer) => void;
  readonly #onOutput: OutputListener;
  readonly #windowBytes: number;
  readonly #hasTerminal: boolean;
  readonly #grants: Record<'stdout' | 'stderr', Grant>;
  readonly #waiting: { data: Buffer; done: () => void }[] = [];
  #inputWindow = STDIN_WINDOW_BYTES;
  #inputEnded = false;
  #isInLine = false;
  #isOver = false;
  #resolveEnded: (report: ExitReport) => void = () => undefined;
  #rejectEnded: (error: unknown) => void = () => undefined;
  #resolveStarted: (pid: number) => void = () => undefined;
  #rejectStarted: (error: unknown) => void = () => undefined;

  constructor(
    id: number,
    send: (type: number, id: number, payload?: Buffer) => void,
    output: { readonly onOutput: OutputListener; readonly windowBytes: number; readonly hasTerminal: boolean },
  ) {
    this.#id = id;
    this.#send = send;
    this.#onOutput = output.onOutput;
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

  /** Writes to the program's standard input; resolves when the supervisor has taken all of it. */
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
  }

  /** For the connection: output has come. */
  acceptOutput(stream: 'stdout' | 'stderr', piece: Buffer): void {
    const grant = this.#grants[stream];
    grant.allowed -= piece.length;
    if (grant.allowed < 0) throw new RangeError('more output than was granted');
    this.#onOutput(stream, piece);
  }

  /** For the connection: a message has come. Returns whether the execution is over. */
  acceptMessage(type: number, payload: Buffer): boolean {
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
      this.#resolveEnded(report);
    } else {
      throw new RangeError(`message type ${type} does not belong to an execution`);
    }
    return this.#isOver;
  }

  /** For the connection: nothing more will come. */
  fail(error: unknown): void {
    this.#finish();
    this.#rejectStarted(error);
    this.#rejectEnded(error);
  }

  #finish(): void {
    this.#isOver = true;
    for (const { done } of this.#waiting.splice(0)) done();
  }

  #pump(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#inputWindow > 0; next = this.#waiting[0]) {
      const piece = next.data.subarray(0, Math.min(this.#inputWindow, MAX_PAYLOAD_BYTES));
      this.#inputWindow -= piece.length;
      this.#send(REQUEST.stdin, this.#id, piece);
      next.data = next.data.subarray(piece.length);
      if (next.data.length > 0) continue;
      this.#waiting.shift();
      next.done();
    }
    if (!this.#inputEnded || this.#waiting.length > 0 || this.#isOver) return;
    this.#inputEnded = false;
    this.#send(REQUEST.stdinEnd, this.#id);
  }
}
