import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { HijackedStream } from '../engine/connection/hijacked-stream.js';
import { type ResourceUsage, readResourceUsage } from './counters.js';
import { type ExecuteRequest, encodeExecuteRequest, outputWindowOf } from './execute-request.js';
import { FrameDecoder } from './frame-decoder.js';
import { END_CAUSES, type EndCause, PROTOCOL_VERSION, REPLY, REQUEST } from './protocol.js';
import { type OutputListener, RemoteExecution } from './remote-execution.js';
import { StreamDemultiplexer } from './stream-demultiplexer.js';
import { SupervisorBusyError, SupervisorLostError, SupervisorMismatchError } from './supervisor-errors.js';
import { encodeFrame, PayloadReader, PayloadWriter } from './wire.js';

const NONCE_BYTES = 16;
const BUILD_ID_BYTES = 32;
const MAX_DIAGNOSTIC_BYTES = 2048;

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
  /** The sandbox's clock when the supervisor started, in nanoseconds since 1970. */
  readonly startedAtNs: bigint;
}

/** One party's link to the supervisor of a sandbox. */
export class SupervisorConnection {
  /** Resolves with the reason when the link has ended, by `close()` or otherwise. */
  readonly closed: Promise<SupervisorLostError>;
  readonly #stream: HijackedStream;
  readonly #executions = new Map<number, RemoteExecution>();
  readonly #replies = new Map<number, { resolve: (reader: PayloadReader) => void; reject: (error: unknown) => void }>();
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
        this.#diagnostics = Buffer.concat([this.#diagnostics, piece]).subarray(0, MAX_DIAGNOSTIC_BYTES);
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
      (type, executionId, data) => {
        this.#send(type, executionId, data);
      },
      { onOutput, windowBytes: outputWindowOf(request), hasTerminal: request.terminal !== undefined },
    );
    if (this.#lost !== undefined) {
      execution.fail(this.#lost);
      return execution;
    }
    this.#executions.set(id, execution);
    this.#holdProcess();
    this.#send(REQUEST.execute, id, payload);
    return execution;
  }

  /** Ends all programs of all connections; resolves when their trees are gone. */
  async cancelAll(cause: EndCause, graceMs: number): Promise<void> {
    await this.#call(REQUEST.cancelAll, new PayloadWriter().u8(END_CAUSES.indexOf(cause)).u32(graceMs).finish());
  }

  /**
   * Works while all programs stand still; new ones are refused meanwhile. They go on also where the work
   * fails. One at a time on this connection; where another connection does the same, it is refused.
   *
   * @throws SupervisorBusyError `PARACLE_SUPERVISOR_BUSY`
   */
  async whileFrozen<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#frozen.then(async () => {
      await this.#call(REQUEST.freeze);
      try {
        return await work();
      } finally {
        await this.#call(REQUEST.thaw);
      }
    });
    this.#frozen = turn.catch(() => undefined);
    return turn;
  }

  /** The sandbox's counters and usage now. */
  async counters(): Promise<ResourceUsage> {
    return readResourceUsage(await this.#call(REQUEST.counters));
  }

  /** A round trip. */
  async ping(): Promise<void> {
    await this.#call(REQUEST.ping);
  }

  /** Ends the link. On the owner's stream this ends the sandbox. */
  close(): void {
    this.#lose(new SupervisorLostError('the connection was closed'));
  }

  async #call(type: number, payload?: Buffer): Promise<PayloadReader> {
    if (this.#lost !== undefined) throw this.#lost;
    const id = this.#nextId++;
    const reader = await new Promise<PayloadReader>((resolve, reject) => {
      this.#replies.set(id, { resolve, reject });
      this.#holdProcess();
      this.#send(type, id, payload);
    });
    return reader;
  }

  #send(type: number, id: number, payload?: Buffer): void {
    if (this.#lost === undefined) this.#stream.write(encodeFrame(type, id, payload));
  }

  /** An idle connection does not keep the process alive; one that is waited for does. */
  #holdProcess(): void {
    this.#stream.holdProcess(this.#welcome === undefined || this.#executions.size + this.#replies.size > 0);
  }

  #acceptMessage(type: number, id: number, payload: Buffer): void {
    if (type === REPLY.welcome) {
      this.#acceptWelcome(new PayloadReader(payload));
    } else if (type === REPLY.protocolError) {
      throw new RangeError(`it refused what it was sent: ${payload.toString('latin1')}`);
    } else if (type === REPLY.done || type === REPLY.counters) {
      this.#acceptReply(type, id, new PayloadReader(payload));
    } else if (this.#executions.get(id)?.acceptMessage(type, payload) === true) {
      this.#executions.delete(id);
    }
    this.#holdProcess();
  }

  #acceptReply(type: number, id: number, reader: PayloadReader): void {
    const reply = this.#replies.get(id);
    this.#replies.delete(id);
    const errno = type === REPLY.done ? reader.u32() : 0;
    if (errno === 0) reply?.resolve(reader);
    else reply?.reject(new SupervisorBusyError());
  }

  #acceptWelcome(reader: PayloadReader): void {
    const version = reader.u16();
    const nonce = reader.bytes(NONCE_BYTES);
    if (version !== PROTOCOL_VERSION || !nonce.equals(this.#nonce)) throw new RangeError('a greeting that is not ours');
    this.#welcome = {
      buildId: reader.bytes(BUILD_ID_BYTES).toString('latin1'),
      isOwner: reader.u8() === 1,
      acceptsRelays: reader.u8() === 1,
      cgroupVersion: reader.u8(),
      startedAtNs: reader.u64(),
    };
    this.#onWelcome(this.#welcome);
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
    const said = this.#diagnostics.toString('utf8').trim();
    return said === '' ? 'its stream ended' : `its stream ended (${said})`;
  }

  #lose(reason: SupervisorLostError): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.#stream.destroy();
    for (const execution of this.#executions.values()) execution.fail(reason);
    for (const { reject } of this.#replies.values()) reject(reason);
    this.#executions.clear();
    this.#replies.clear();
    this.#onClosed(reason);
  }
}
