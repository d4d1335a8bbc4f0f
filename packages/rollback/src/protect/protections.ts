import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from '@paracle/core';
import { type ProtectContext, type ProtectResult, type ProtectSteps, runProtected } from './run-protected.js';
import { Turns } from './turns.js';

/** What a manager does for one protect. */
export interface ProtectionSteps extends Pick<ProtectSteps, 'policy' | 'keepSnapshot' | 'rollBack'> {
  /** Takes the snapshot, and tells its id before anything can retire it. */
  readonly take: (onTaken: (snapshotId: string) => void) => Promise<string>;
  readonly remove: (snapshotId: string) => Promise<void>;
}

/** A protect whose work is under way. */
interface Scope {
  readonly containerId: string;
  /** Protects that the work begins for the same container: they don't wait for the one that they are in. */
  readonly turns: Turns;
  readonly outer: Scope | undefined;
  isOver: boolean;
}

/**
 * The protects of one manager: one at a time for each container but for those within one another, since the rollback
 * of one would undo what another does. Holds their snapshots.
 */
export class Protections {
  readonly #logger: Logger;
  readonly #turns = new Turns();
  readonly #scopes = new AsyncLocalStorage<Scope>();
  readonly #held = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Whether a protect under way needs this snapshot. */
  isHeld(snapshotId: string): boolean {
    return this.#held.has(snapshotId);
  }

  /** Waits for its turn, takes the snapshot and runs the work under its protection. */
  async run<Value>(
    containerId: string,
    work: (context: ProtectContext) => Promise<Value>,
    {
      signal = new AbortController().signal,
      ...steps
    }: ProtectionSteps & { readonly signal?: AbortSignal | undefined },
  ): Promise<ProtectResult<Value>> {
    const run = async (): Promise<ProtectResult<Value>> => this.#runInTurn(containerId, work, { signal, ...steps });
    return this.#turnsOf(containerId).take(containerId, run, signal);
  }

  async #runInTurn<Value>(
    containerId: string,
    work: (context: ProtectContext) => Promise<Value>,
    { signal, ...steps }: ProtectionSteps & { readonly signal: AbortSignal },
  ): Promise<ProtectResult<Value>> {
    let heldId: string | undefined;
    const hold = (snapshotId: string): void => {
      heldId = snapshotId;
      this.#held.add(snapshotId);
    };
    const inScope = async (context: ProtectContext): Promise<Value> =>
      this.#within(containerId, async () => work(context));
    const discard = async (snapshotId: string): Promise<void> => this.#discard(snapshotId, steps);
    try {
      const snapshotId = await this.#take(steps, hold);
      return await runProtected(inScope, { snapshotId, signal }, { ...steps, discard });
    } finally {
      if (heldId !== undefined) this.#held.delete(heldId);
    }
  }

  /** A snapshot that was taken by a call that failed all the same is of no use to anybody. */
  async #take(steps: ProtectionSteps, hold: (snapshotId: string) => void): Promise<string> {
    let takenId: string | undefined;
    try {
      return await steps.take((snapshotId) => {
        takenId = snapshotId;
        hold(snapshotId);
      });
    } catch (error) {
      if (takenId !== undefined) await this.#discard(takenId, steps);
      throw error;
    }
  }

  /** What came of the work counts for more than this: what is left is retired by its age, or goes with the sandbox. */
  async #discard(snapshotId: string, { remove }: ProtectionSteps): Promise<void> {
    try {
      await remove(snapshotId);
    } catch (err) {
      this.#logger.warn({ err, snapshotId }, 'snapshot of a protect not deleted');
    }
  }

  /** Also waits for the protects that the work began and did not wait for: a rollback would run into them. */
  async #within<Value>(containerId: string, work: () => Promise<Value>): Promise<Value> {
    const scope: Scope = { containerId, turns: new Turns(), outer: this.#scopes.getStore(), isOver: false };
    try {
      return await this.#scopes.run(scope, work);
    } finally {
      await scope.turns.idle(containerId);
      scope.isOver = true;
    }
  }

  #turnsOf(containerId: string): Turns {
    for (let scope = this.#scopes.getStore(); scope !== undefined; scope = scope.outer)
      if (scope.containerId === containerId && !scope.isOver) return scope.turns;
    return this.#turns;
  }
}
