import type { CallOptions, ContainerDescription, Engine, Logger } from '@paracle/core';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';
import { CREATE, REPLACE } from '../ruleset/compile-ruleset.js';
import { checkContainer, listMemberships } from './check-container.js';
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
  #hasRules = false;
  /** The host's process id of the container's PID 1: what tells one life from the next. */
  #pid: number | undefined;

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

  /**
   * Has a guard at hand in a container that a policy would hold for and that is on no network, not even on `none`: with
   * that it could not be connected.
   */
  async prepare(options: CallOptions): Promise<ContainerDescription> {
    const container = await this.#engine.containers.inspect(this.containerId, options);
    checkContainer(container);
    if (this.isPrepared && container.state.pid !== this.#pid) throw restarted(container);
    const leave = listMemberships(container).map(async ({ name }) =>
      this.#engine.networks.disconnect(name, this.containerId),
    );
    const outcomes = await Promise.allSettled([this.standing(options), ...leave]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    this.#pid = container.state.pid;
    return container;
  }

  /** Whether the container was found, in this life, to be one that rules hold for. */
  get isPrepared(): boolean {
    return this.#pid !== undefined;
  }

  /** Puts a table in place, as one transaction: all of it, or nothing. */
  async load(table: string): Promise<void> {
    const guard = await this.standing();
    const replace = async (): Promise<void> => guard.load(`${REPLACE}${table}`);
    await (this.#hasRules ? replace() : guard.load(`${CREATE}${table}`).catch(replace));
    this.#hasRules = true;
  }

  /** Takes the table away again, from a container that is on no network any more: what stays there does no harm. */
  async unload(): Promise<void> {
    const guard = await this.#guard?.catch(() => undefined);
    if (guard === undefined || guard.isGone) return;
    try {
      await guard.load(REPLACE);
      this.#hasRules = false;
    } catch (err) {
      this.#logger.debug({ err, containerId: this.containerId }, 'rules stay in a container without a network');
    }
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

/** Its guard stands in the namespace of the life before, and will be gone in a moment. */
function restarted({ id, name }: ContainerDescription): IsolationError {
  return new IsolationError(isolationErrorCodes.unenforceable, `Container ${name} was restarted just now`, {
    details: { containerId: id },
    suggestion: 'Call it again.',
  });
}
