import { type CallOptions, type Engine, type Logger } from '@paracle/core';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';
import { Guard } from './guard.js';

/** The place of a guard in one life of a container: who stands there may change, since the rules are the namespace's. */
export class GuardPost {
  readonly containerId: string;
  /** Resolves once the container has ended, or nothing can be known of it any more. Never after {@link close}. */
  readonly ended: Promise<void>;
  readonly #engine: Engine;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  #guard: Promise<Guard> | undefined;

  constructor(engine: Engine, containerId: string, logger: Logger) {
    this.#engine = engine;
    this.containerId = containerId;
    this.#logger = logger;
    const { signal } = this.#closing;
    this.ended = new Promise((resolve) => {
      engine.containers
        .wait(containerId, { condition: 'not-running', signal })
        .catch(() => undefined)
        .then(() => {
          if (!signal.aborted) resolve();
        })
        .catch(() => undefined);
    });
  }

  /** The guard; a new one where the last was killed. */
  async standing(options: CallOptions = {}): Promise<Guard> {
    const last = await this.#guard?.catch(() => undefined);
    if (this.#closing.signal.aborted) throw this.#closed();
    if (last !== undefined && !last.isGone) return last;
    await last?.close();
    const starting = Guard.start(this.#engine, {
      ...options,
      networkMode: `container:${this.containerId}`,
      canLoadRules: true,
      logger: this.#logger,
    });
    this.#guard = starting;
    return starting;
  }

  /** Ends the guard, for good. The rules stay for as long as the container lives. */
  async close(): Promise<void> {
    this.#closing.abort();
    const guard = await this.#guard?.catch(() => undefined);
    await guard?.close();
  }

  #closed(): IsolationError {
    return new IsolationError(
      isolationErrorCodes.notAttached,
      `Container ${this.containerId.slice(0, 12)} is on no network of this isolator: it has ended, or was released`,
      { details: { containerId: this.containerId } },
    );
  }
}
