import { type CallOptions, type Engine, type Logger, SupervisorConnection, toPrintable } from '@paracle/core';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';
import { toGuardBody } from './guard-body.js';
import { ensureGuardImage } from './guard-image.js';

const GREETING_MS = 30_000;
const PROGRAM_MS = 30_000;
/** 50,000 CIDRs print as some 6 MB. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_BYTES = 16 * 1024;

/** What making a guard needs. */
export interface GuardOptions extends CallOptions {
  /** `host`, or `container:ID`. */
  readonly networkMode: string;
  readonly canLoadRules: boolean;
  readonly logger: Logger;
}

/**
 * A small container of ours that stands in a network namespace and holds its firewall: our supervisor, which starts `nft`
 * and nothing else. The rules are the namespace's: they stay when the guard goes, and another can take its place.
 */
export class Guard {
  readonly containerId: string;
  readonly #engine: Engine;
  readonly #connection: SupervisorConnection;

  private constructor(engine: Engine, containerId: string, connection: SupervisorConnection) {
    this.#engine = engine;
    this.containerId = containerId;
    this.#connection = connection;
  }

  /** Puts a guard into a namespace; what was made before a failure is removed before that is thrown. */
  static async start(engine: Engine, options: GuardOptions): Promise<Guard> {
    const { networkMode, canLoadRules, logger, ...call } = options;
    const imageId = await ensureGuardImage(engine, call);
    const supervisor = await engine.supervisors.mount(imageId, call);
    const body = toGuardBody({ imageId, supervisor, networkMode, canLoadRules });
    const { id } = await engine.containers.create({ body }, call);
    try {
      const connection = SupervisorConnection.over(await engine.containers.attach(id, call));
      try {
        await engine.containers.start(id, call);
        await connection.greeted({
          expectedBuildId: supervisor.buildId,
          timeoutMs: GREETING_MS,
          ...(call.signal !== undefined && { signal: call.signal }),
        });
      } catch (error) {
        connection.close();
        throw error;
      }
      return new Guard(engine, id, connection);
    } catch (error) {
      await engine.containers.remove(id, { force: true }).catch((err: unknown) => {
        logger.error({ err, containerId: id }, 'a guard that failed could not be removed; the next prune will');
      });
      throw error;
    }
  }

  /** Whether it has ended: it was killed, or its engine was. */
  get isGone(): boolean {
    return this.#connection.isClosed;
  }

  /** Puts a ruleset in place, as one transaction: all of it, or nothing. */
  async load(ruleset: string): Promise<void> {
    await this.#run(['/usr/sbin/nft', '-f', '-'], ruleset);
  }

  /** What `nft -j` lists, such as a set. */
  async list(...what: readonly string[]): Promise<string> {
    return this.#run(['/usr/sbin/nft', '-j', 'list', ...what]);
  }

  /** What the image's `look` prints. */
  async look(...args: readonly string[]): Promise<string> {
    return this.#run(['/usr/bin/look', ...args]);
  }

  /** Ends it and removes it. */
  async close(): Promise<void> {
    this.#connection.close();
    await this.#engine.containers.remove(this.containerId, { force: true });
  }

  async #run(argv: readonly string[], input = ''): Promise<string> {
    const output = { stdout: new Bounded(MAX_OUTPUT_BYTES), stderr: new Bounded(MAX_ERROR_BYTES) };
    const execution = this.#connection.execute(
      {
        kind: 'guard-program',
        argv,
        environment: {},
        workingDirectory: '/',
        uid: 0,
        gid: 0,
        timeoutMs: PROGRAM_MS,
        killGraceMs: 0,
        hasStdin: input !== '',
        keepsBackground: false,
      },
      (stream, piece) => {
        output[stream].push(piece);
        execution.consumed(stream, piece.length);
      },
    );
    if (input !== '') {
      void execution.write(Buffer.from(input));
      execution.endInput();
    }
    const { exitCode } = await execution.ended;
    if (exitCode === 0) return output.stdout.text;
    throw new IsolationError(
      isolationErrorCodes.guardFailed,
      `The guard's ${argv[0] ?? ''} failed: ${toPrintable(output.stderr.text.trim()) || 'without a word'}`,
      { details: { argv: argv.slice(0, 8), ...(exitCode !== undefined && { exitCode }) } },
    );
  }
}

/** Output up to a limit: half a listing can't be read, and so is an error to who reads it. */
class Bounded {
  readonly #limit: number;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes <= this.#limit) this.#pieces.push(Buffer.from(piece));
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString('utf8');
  }
}
