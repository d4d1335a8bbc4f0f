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
  #turn: Promise<unknown> = Promise.resolve();
  #guard: Guard | undefined;
  #hasRules = false;
  #hasEnded = false;
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
          this.#hasEnded = true;
          if (!signal.aborted) resolve();
        })
        .catch(() => undefined);
    });
  }

  /** The guard; a new one where the last was killed. However many ask at once, there is one. */
  async standing(options: CallOptions = {}): Promise<Guard> {
    const turn = this.#turn.then(async () => this.#ensure(options));
    this.#turn = turn.catch(() => undefined);
    return turn;
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
    const [standing, ...left] = await Promise.allSettled([this.standing(options), ...leave]);
    if (standing.status === 'rejected') throw standing.reason;
    await this.#refuseSharers(container, standing.value, options);
    for (const outcome of left) if (outcome.status === 'rejected') throw outcome.reason;
    this.#pid = container.state.pid;
    return container;
  }

  /**
   * Whoever else is in the namespace is not held by what holds this container, and may be another isolator's guard. Asked
   * once our own stands there, so that of two who come at once each sees the other.
   */
  async #refuseSharers({ id, name }: ContainerDescription, guard: Guard, options: CallOptions): Promise<void> {
    const modes = [`container:${id}`, `container:${name}`, `container:${id.slice(0, 12)}`];
    const running = await this.#engine.containers.list(options);
    const sharer = running.find((other) => modes.includes(other.networkMode) && other.id !== guard.containerId);
    if (sharer === undefined) return;
    throw new IsolationError(
      isolationErrorCodes.unenforceable,
      `A policy would not hold for container ${name}: ${sharer.names[0] ?? sharer.id} shares its network`,
      {
        details: { containerId: id, sharer: sharer.id },
        suggestion: 'Stop the other one. If it is a guard, another isolator has this container.',
      },
    );
  }

  /** Ends the guard. Another takes its place when one is asked for. */
  async dismiss(): Promise<void> {
    const turn = this.#turn.then(async () => this.#removeGuard());
    this.#turn = turn.catch((err: unknown) => {
      this.#logger.warn({ err, containerId: this.containerId }, 'a guard could not be removed yet');
    });
    await this.#turn;
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
    if (this.#guard?.isGone !== false) return;
    try {
      await this.#guard.load(REPLACE);
      this.#hasRules = false;
    } catch (err) {
      this.#logger.debug({ err, containerId: this.containerId }, 'rules stay in a container without a network');
    }
  }

  /** Whether the container has ended, or this was closed. */
  get isOver(): boolean {
    return this.#closing.signal.aborted || this.#hasEnded;
  }

  /** Ends the guard, for good. The rules stay for as long as the container lives. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#turn;
    await this.#removeGuard();
  }

  async #removeGuard(): Promise<void> {
    await this.#guard?.close();
    this.#guard = undefined;
  }

  async #ensure(options: CallOptions): Promise<Guard> {
    if (this.#closing.signal.aborted) throw this.#closed();
    if (this.#guard?.isGone === false) return this.#guard;
    await this.#removeGuard();
    this.#guard = await Guard.start(this.#engine, {
      ...options,
      networkMode: `container:${this.containerId}`,
      canLoadRules: true,
      logger: this.#logger,
    });
    return this.#guard;
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
