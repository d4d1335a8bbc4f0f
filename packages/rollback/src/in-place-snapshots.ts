import { setTimeout as delay } from 'node:timers/promises';
import { type CallOptions, type ContainerDescription, coreErrorCodes, hasCode } from '@paracle/core';
import { type ContainerSnapshots, type SnapshotContext, type TakeOptions, takeTurn } from './container-snapshots.js';
import { rollbackErrorCodes } from './errors/rollback-error-codes.js';
import { RollbackError } from './errors/rollback-errors.js';
import type { RecoveredRollback } from './restore/find-interrupted.js';
import { neededBy } from './restore/journal.js';
import { type RollbackOptions, type RollbackResult, resolveRollbackOptions } from './restore/rollback-options.js';
import { SandboxSnapshots } from './sandbox-snapshots.js';
import type { SnapshotDescription, StoredDescription } from './snapshot/snapshot-description.js';
import { reachSandbox, type Target } from './use-sandbox.js';

/** Times of files advance with the kernel's clock tick, 10 ms at the slowest. */
const TICK_MS = 20;

type Work<Result> = (target: Target, snapshots: SandboxSnapshots) => Promise<Result>;

/** The snapshots of one sandbox, which its supervisor takes and puts back. */
export class InPlaceSnapshots implements ContainerSnapshots {
  readonly #description: ContainerDescription;
  readonly #context: SnapshotContext;

  constructor(description: ContainerDescription, context: SnapshotContext) {
    this.#description = description;
    this.#context = context;
  }

  get key(): string {
    return this.#description.id;
  }

  async create(
    kind: StoredDescription['kind'],
    { onTaken = () => undefined, ...options }: TakeOptions,
  ): Promise<string> {
    return this.stopped(options, async (_target, snapshots) => {
      // Two changes within one tick look the same, so that no second may come before the next tick.
      const [{ description }] = await Promise.all([snapshots.take(kind), delay(TICK_MS)]);
      onTaken(description.id);
      await snapshots.retire(description.id);
      return description.id;
    });
  }

  async list(options: CallOptions): Promise<readonly SnapshotDescription[]> {
    return this.use(options, async ({ store }) => store.list());
  }

  async delete(snapshotId: string, options: CallOptions): Promise<void> {
    await this.stopped(options, async ({ store }, { journal }) => {
      await store.describe(snapshotId);
      if (neededBy(await journal.readIfIntact()).includes(snapshotId)) throw refuseInUse(snapshotId);
      await store.delete([snapshotId]);
    });
  }

  async setPin(snapshotId: string, isPinned: boolean, options: CallOptions): Promise<void> {
    await this.stopped(options, async ({ store }) => {
      if (isPinned) await store.describe(snapshotId);
      await store.setPin(snapshotId, isPinned);
    });
  }

  async retire(options: CallOptions): Promise<readonly string[]> {
    return this.stopped(options, async (_target, snapshots) => snapshots.retire());
  }

  async rollback(snapshotId: string, options: RollbackOptions): Promise<RollbackResult> {
    const resolved = resolveRollbackOptions(options);
    const isBackedUp = this.#context.config.policy.backupBeforeRollback;
    return this.use(options, async ({ connection, store }, snapshots) => {
      await store.describe(snapshotId);
      return connection.whileFrozen(async () =>
        resolved.dryRun
          ? snapshots.preview(snapshotId, resolved)
          : snapshots.rollBack({ snapshotId, isBackedUp, ...resolved.scope }, resolved.onProgress),
      );
    });
  }

  /** A fork, which has nothing to lose, becomes what its snapshot says. */
  async begin(snapshotId: string, options: CallOptions): Promise<void> {
    await this.stopped(options, async (_target, snapshots) => snapshots.become(snapshotId));
  }

  /** Finishes a rollback that was cut short; undefined where there is none any more. */
  async recover(options: CallOptions): Promise<RecoveredRollback | undefined> {
    const container = this.key;
    try {
      return await this.stopped(options, async (_target, snapshots) => {
        const interrupted = await snapshots.journal.read();
        if (interrupted === undefined) return undefined;
        return { container, outcome: 'completed', result: await snapshots.rollBack(interrupted) };
      });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (hasCode(error, coreErrorCodes.engineContainerNotFound)) return undefined;
      this.#context.logger.warn({ err: error, container }, 'a rollback that was cut short could not be finished');
      return { container, outcome: 'failed', error };
    }
  }

  /** Works in the sandbox while its programs stand still. */
  async stopped<Result>(options: CallOptions, work: Work<Result>): Promise<Result> {
    return this.use(options, async (target, snapshots) =>
      target.connection.whileFrozen(async () => work(target, snapshots)),
    );
  }

  async use<Result>(options: CallOptions, work: Work<Result>): Promise<Result> {
    return takeTurn(this.key, options, async () => this.reach(options, work));
  }

  /** The same without waiting for a turn. */
  async reach<Result>(options: CallOptions, work: Work<Result>): Promise<Result> {
    return reachSandbox(this.#context.engine, this.#description, options, async (target) =>
      work(target, new SandboxSnapshots(target, this.#context)),
    );
  }
}

function refuseInUse(snapshotId: string): RollbackError {
  return new RollbackError(
    rollbackErrorCodes.snapshotInUse,
    `Snapshot ${snapshotId} is needed by a rollback that was cut short`,
    { details: { snapshotId }, suggestion: 'Let recover() finish it, or roll back to another snapshot.' },
  );
}
