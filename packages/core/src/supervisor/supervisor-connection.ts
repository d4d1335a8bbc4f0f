import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallOptions } from '../engine/connection/call-options.js';
import type { HijackedStream } from '../engine/connection/hijacked-stream.js';
import { withDeadline } from '../engine/connection/with-deadline.js';
import { toPrintable } from '../errors/to-printable.js';
import { type ResourceUsage, readResourceUsage } from './counters.js';
import { type ExecuteRequest, encodeExecuteRequest, outputWindowOf } from './execute-request.js';
import { FrameDecoder } from './frame-decoder.js';
import { END_CAUSES, type EndCause, PROTOCOL_VERSION, REPLY, REQUEST } from './protocol.js';
import { type OutputListener, RemoteExecution } from './remote-execution.js';
import { StreamDemultiplexer } from './stream-demultiplexer.js';
import {
  SupervisorBusyError,
  SupervisorLostError,
  SupervisorMismatchError,
  SupervisorTimeoutError,
} from './supervisor-errors.js';
import { encodeFrame, PayloadReader, PayloadWriter } from './wire.js';

const NONCE_BYTES = 16;
const BUILD_ID_BYTES = 32;
const MAX_DIAGNOSTIC_BYTES = 2048;
/** The supervisor tries to stop or to kill for 5 s at most before it answers; the rest is for a busy host. */
const ANSWER_MS = 30_000;

/** What a supervisor says of itself. */
export interface Welcome {
  /** Build of the supervisor: a digest of its sources. */
  readonly buildId: string;
  /** Whether this connection is the owner's stream. */
  readonly isOwner: boolean;
  /** Whether others can reach the sandbox through a relay. */
  readonly acceptsRelays: boolean;
  /** 1, 2, or 0 where no control group is visible inside. */
  readonly cgroupVersion: number;
  /** The earliest that the sandbox's clock had shown since its first start, two seconds less; nanoseconds since 1970. */
  readonly startedAtNs: bigint;
}

/** A call that awaits its one answer. */
interface PendingCall {
  readonly type: number;
  readonly accept: (reader: PayloadReader) => void;
  readonly reject: (error: unknown) => void;
}

/** One party's link to the supervisor of a sandbox. */
export class SupervisorConnection {
  /** Resolves with the reason when the link has ended, by `close()` or otherwise. */
  readonly closed: Promise<SupervisorLostError>;
  readonly #stream: HijackedStream;
  readonly #executions = new Map<number, RemoteExecution>();
  readonly #calls = new Map<number, PendingCall>();
  readonly #nonce = randomBytes(NONCE_BYTES);
  #frozen: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  #lost: SupervisorLostError | undefined;
  #diagnostics = Buffer.alloc(0);
  #welcome: Welcome | undefined;
  #onWelcome: (welcome: Welcome) => void = () => undefined;
  #onClosed: (reason: SupervisorLostError) => void = () => undefined;

  private constructor(stream: HijackedStream) {
    this.#stream = stream;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    const decoder = new FrameDecoder({
      onOutput: (name, id, piece) => this.#executions.get(id)?.acceptOutput(name, piece),
      onMessage: (type, id, payload) => {
        this.#acceptMessage(type, id, payload);
      },
    });
    const demultiplexer = new StreamDemultiplexer(
      (piece) => {
        decoder.push(piece);
      },
      (piece) => {
        const room = MAX_DIAGNOSTIC_BYTES - this.#diagnostics.length;
        if (room > 0) this.#diagnostics = Buffer.concat([this.#diagnostics, piece.subarray(0, room)]);
      },
    );
    stream.receive((bytes) => {
      this.#guard(() => {
        demultiplexer.push(bytes);
      });
    });
    void stream.closed.then((error) => {
      const reason = error && `the connection to the engine failed (${error.message})`;
      this.#lose(new SupervisorLostError(reason ?? this.#endReason(), { cause: error }));
    });
  }

  /**
   * Starts to speak over a stream that the engine multiplexes (an attached container, or an exec of
   * the relay). The greeting may be sent before the container runs: {@link greeted} waits for the answer.
   */
  static over(stream: HijackedStream): SupervisorConnection {
    const connection = new SupervisorConnection(stream);
    connection.#send(REQUEST.hello, 0, Buffer.concat([Buffer.of(PROTOCOL_VERSION, 0), connection.#nonce]));
    return connection;
  }

  /**
   * Waits for the supervisor's answer to the greeting.
   *
   * @throws SupervisorLostError where the stream ends first or the time is over
   * @throws SupervisorMismatchError where another build answers than `expectedBuildId`
   */
  async greeted(options: { expectedBuildId?: string; timeoutMs: number; signal?: AbortSignal }): Promise<Welcome> {
    const stop = new AbortController();
    const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
    const welcomed = new Promise<Welcome>((resolve) => {
      this.#onWelcome = resolve;
      if (this.#welcome !== undefined) resolve(this.#welcome);
    });
    const tooLate = delay(options.timeoutMs, undefined, { signal, ref: false }).then(
      () => new SupervisorLostError(`it did not answer within ${options.timeoutMs} ms`),
      (): unknown => options.signal?.reason ?? new SupervisorLostError('it was closed'),
    );
    const outcome: unknown = await Promise.race([welcomed, this.closed, tooLate]);
    stop.abort();
    if (this.#welcome === undefined) {
      this.close();
      throw outcome;
    }
    if (options.expectedBuildId !== undefined && this.#welcome.buildId !== options.expectedBuildId) {
      const mismatch = new SupervisorMismatchError(options.expectedBuildId, this.#welcome.buildId);
      this.close();
      throw mismatch;
    }
    return this.#welcome;
  }

  /** What the supervisor said of itself; absent until it was {@link greeted}. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  /** Whether the link has ended. */
  get isClosed(): boolean {
    return this.#lost !== undefined;
  }

  /** Starts an execution. Output must be reported back by `consumed`, or no more follows. */
  execute(request: ExecuteRequest, onOutput: OutputListener): RemoteExecution {
    const payload = encodeExecuteRequest(request);
    const id = this.#nextId++;
    const execution = new RemoteExecution(
      id,
      this.#send,
      { windowBytes: outputWindowOf(request), hasTerminal: request.terminal !== undefined },
      {
        onOutput,
        onOver: () => {
          this.#executions.delete(id);
          this.#holdProcess();
        },
      },
    );
    if (this.#lost !== undefined) {
      execution.fail(this.#lost);
      return execution;
    }
    this.#executions.set(id, execution);
    this.#holdProcess();
    this.#send(REQUEST.execute, id, payload);
    if (request.timeoutMs > 0) execution.expectEnd(request.timeoutMs + request.killGraceMs);
    return execution;
  }

  /** Ends all programs of all connections; resolves when their trees are gone. */
  async cancelAll(cause: EndCause, graceMs: number): Promise<void> {
    const payload = new PayloadWriter().u8(END_CAUSES.indexOf(cause)).u32(graceMs).finish();
    await this.#order(REQUEST.cancelAll, { payload, timeoutMs: graceMs + ANSWER_MS });
  }

  /**
   * Works while all programs stand still; new ones are refused meanwhile. They go on also where the work
   * fails. One at a time on this connection; where another connection does the same, it is refused.
   *
   * @throws SupervisorBusyError `PARACLE_SUPERVISOR_BUSY`
   */
  async whileFrozen<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#frozen.then(async () => {
      try {
        await this.#order(REQUEST.freeze);
      } catch (error) {
        // It may only be late: what it still stops must not stay so.
        this.#send(REQUEST.thaw, this.#nextId++);
        throw error;
      }
      try {
        return await work();
      } finally {
        await this.#order(REQUEST.thaw);
      }
    });
    this.#frozen = turn.catch(() => undefined);
    return turn;
  }

  /**
   * The sandbox's counters and usage now.
   *
   * @throws SupervisorTimeoutError `PARACLE_SUPERVISOR_TIMEOUT` without an answer in 30 s, or what the options say
   */
  async counters(options: CallOptions = {}): Promise<ResourceUsage> {
    return this.#call(REQUEST.counters, { type: REPLY.counters, read: readResourceUsage, ...options });
  }

  /** A round trip. */
  async ping(): Promise<void> {
    await this.#order(REQUEST.ping);
  }

  /** Ends the link. On the owner's stream this ends the sandbox. */
  close(): void {
    this.#lose(new SupervisorLostError('the connection was closed'));
  }

  /** A call that is answered by whether it was done. */
  async #order(request: number, options: CallOptions & { readonly payload?: Buffer } = {}): Promise<void> {
    const errno = await this.#call(request, { type: REPLY.done, read: (reader) => reader.u32(), ...options });
    if (errno !== 0) throw new SupervisorBusyError();
  }

  /** What is read of the answer is read under the guard of the connection, before its bytes are used again. */
  async #call<Result>(
    request: number,
    options: CallOptions & {
      readonly type: number;
      readonly read: (reader: PayloadReader) => Result;
      readonly payload?: Buffer;
    },
  ): Promise<Result> {
    const { type, read, payload, timeoutMs = ANSWER_MS, signal } = options;
    if (this.#lost !== undefined) throw this.#lost;
    const id = this.#nextId++;
    const answered = async (): Promise<Result> =>
      new Promise((resolve, reject) => {
        this.#calls.set(id, { type, accept: (reader) => resolve(read(reader)), reject });
        this.#holdProcess();
        this.#send(request, id, payload);
      });
    const createTimeoutError = (limitMs: number): Error => new SupervisorTimeoutError('answer', limitMs);
    try {
      return await withDeadline(answered, { signal, timeoutMs, createTimeoutError });
    } finally {
      this.#calls.delete(id);
      this.#holdProcess();
    }
  }

  readonly #send = (type: number, id: number, payload?: Buffer, onSent?: () => void): void => {
    if (this.#lost === undefined) this.#stream.write(encodeFrame(type, id, payload), onSent);
    else onSent?.();
  };

  /** An idle connection does not keep the process alive; one that is waited for does. */
  #holdProcess(): void {
    if (this.#lost !== undefined) return;
    this.#stream.holdProcess(this.#welcome === undefined || this.#executions.size + this.#calls.size > 0);
  }

  #acceptMessage(type: number, id: number, payload: Buffer): void {
    if (this.#lost !== undefined) return;
    if (type === REPLY.welcome) {
      this.#acceptWelcome(new PayloadReader(payload));
    } else if (type === REPLY.protocolError) {
      throw new RangeError(`it refused what it was sent: ${toPrintable(payload.toString('latin1'))}`);
    } else if (type === REPLY.done || type === REPLY.counters) {
      this.#acceptAnswer(type, id, payload);
    } else {
      this.#executions.get(id)?.acceptMessage(type, payload);
    }
  }

  #acceptAnswer(type: number, id: number, payload: Buffer): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (call.type !== type) throw new RangeError(`an answer of type ${type} to another question`);
    call.accept(new PayloadReader(payload));
  }

  #acceptWelcome(reader: PayloadReader): void {
    const version = reader.u16();
    const nonce = reader.bytes(NONCE_BYTES);
    const isOurs = version === PROTOCOL_VERSION && nonce.equals(this.#nonce);
    if (!isOurs || this.#welcome !== undefined) throw new RangeError('a greeting that is not ours');
    this.#welcome = {
      buildId: reader.bytes(BUILD_ID_BYTES).toString('latin1'),
      isOwner: reader.u8() === 1,
      acceptsRelays: reader.u8() === 1,
      cgroupVersion: reader.u8(),
      startedAtNs: reader.u64(),
    };
    this.#onWelcome(this.#welcome);
    this.#holdProcess();
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      this.#lose(new SupervisorLostError(`it broke the protocol (${reason})`, { cause: error }));
    }
  }

  #endReason(): string {
    const said = toPrintable(this.#diagnostics.toString('utf8').trim());
    return said === '' ? 'its stream ended' : `its stream ended (${said})`;
  }

  #lose(reason: SupervisorLostError): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.#stream.destroy();
    for (const execution of this.#executions.values()) execution.fail(reason);
    for (const { reject } of this.#calls.values()) reject(reason);
    this.#onClosed(reason);
  }
}
