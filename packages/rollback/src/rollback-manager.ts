import { setTimeout as delay } from 'node:timers/promises';
import {
  type CallOptions,
  type ContainerReference,
  Engine,
  type Logger,
  parseConfig,
  resolveContainer,
  silentLogger,
} from '@paracle/core';
import { type ResolvedRollbackConfig, type RollbackConfig, rollbackConfigSchema } from './config/rollback-config.js';
import type { DiffOptions } from './diff/diff-snapshot.js';
import type { Digest, FileChange } from './diff/file-change.js';
import { openDiff } from './diff/open-diff.js';
import { streamWhile } from './diff/stream-while.js';
import { rollbackErrorCodes } from './errors/rollback-error-codes.js';
import { RollbackError, SnapshotNotFoundError } from './errors/rollback-errors.js';
import { copySnapshot } from './fork/copy-snapshot.js';
import { type ForkedSandbox, type ForkOptions, resolveForkOptions } from './fork/fork-options.js';
import { makeForks } from './fork/make-forks.js';
import { findTrigger } from './protect/find-trigger.js';
import { type ProtectOptions, protectOptionsSchema } from './protect/protect-options.js';
import { Protections } from './protect/protections.js';
import type { ProtectContext, ProtectResult } from './protect/run-protected.js';
import { findInterrupted, type RecoveredRollback } from './restore/find-interrupted.js';
import { inBatches } from './restore/in-batches.js';
import { PristineFiles } from './restore/pristine-files.js';
import { type RollbackOptions, type RollbackResult, resolveRollbackOptions } from './restore/rollback-options.js';
import { SandboxSnapshots } from './sandbox-snapshots.js';
import type { SnapshotDiskUsage } from './snapshot/disk-usage.js';
import { findSnapshotOwner } from './snapshot/find-snapshot-owner.js';
import type { SnapshotDescription, StoredDescription } from './snapshot/snapshot-description.js';
import { reachSandbox, type Target, useSandbox } from './use-sandbox.js';

/** How a rollback manager works. */
export interface RollbackManagerOptions {
  /** The engine that the sandboxes are on; a manager that is given one doesn't close it. @defaultValue the engine that is found */
  readonly engine?: Engine;
  readonly config?: RollbackConfig;
  /** @defaultValue silent */
  readonly logger?: Logger;
}

/** Times of files advance with the kernel's clock tick, 10 ms at the slowest. */
const TICK_MS = 20;

const MEBIBYTE = 1024 * 1024;

/**
 * Snapshots of sandboxes, what changed since, and the way back. Each call has ten minutes for its work inside the sandbox
 * unless its options say otherwise; one that is given up half way can be made again.
 */
export class RollbackManager implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #ownsEngine: boolean;
  readonly #config: ResolvedRollbackConfig;
  readonly #logger: Logger;
  readonly #protections: Protections;

  /** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong */
  constructor(options: RollbackManagerOptions = {}) {
    const { engine, config = {}, logger = silentLogger } = options;
    this.#engine = engine ?? new Engine();
    this.#ownsEngine = engine === undefined;
    this.#config = parseConfig(rollbackConfigSchema, config, 'rollback config');
    this.#logger = logger.child({ component: 'rollback' });
    this.#protections = new Protections(this.#logger);
  }

  /**
   * Takes a snapshot of a sandbox's root file system, volumes and memory; its programs stand still meanwhile. Resolves with its id.
   * @throws RollbackError `PARACLE_ROLLBACK_CONTAINER_UNSUPPORTED`, `PARACLE_ROLLBACK_SNAPSHOT_TOO_LARGE`
   * @throws SupervisorBusyError `PARACLE_SUPERVISOR_BUSY` while another process does the same
   */
  async createSnapshot(container: ContainerReference, options: CallOptions = {}): Promise<string> {
    return this.#snapshot(container, options, 'requested');
  }

  /** All snapshots of a sandbox, the oldest first. */
  async listSnapshots(
    container: ContainerReference,
    options: CallOptions = {},
  ): Promise<readonly SnapshotDescription[]> {
    return this.#use(container, options, async ({ store }) => store.list());
  }

  /**
   * Deletes a snapshot and the contents that no other needs. Without a container, the running sandboxes are asked for it.
   * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_IN_USE` by a rollback that was cut short
   */
  async deleteSnapshot(snapshotId: string, container?: ContainerReference, options: CallOptions = {}): Promise<void> {
    const list = async (containerId: string): Promise<readonly SnapshotDescription[]> =>
      this.listSnapshots(containerId, options);
    const owner = container ?? (await findSnapshotOwner(snapshotId, { engine: this.#engine, list, ...options }));
    await this.#stopped(owner, options, async ({ store }, { journal }) => {
      await store.describe(snapshotId);
      const underWay = await journal.read();
      if ([underWay?.snapshotId, underWay?.safetySnapshotId].includes(snapshotId)) throw refuseInUse(snapshotId);
      await store.delete([snapshotId]);
    });
  }

  /**
   * Keeps a snapshot whatever the policy says, or with `false` no longer.
   * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`
   */
  async pinSnapshot(
    snapshotId: string,
    container: ContainerReference,
    { isPinned = true, ...options }: CallOptions & { readonly isPinned?: boolean } = {},
  ): Promise<void> {
    await this.#stopped(container, options, async ({ store }) => {
      await store.describe(snapshotId);
      await store.setPin(snapshotId, isPinned);
    });
  }

  /** Deletes what the policy no longer keeps; taking a snapshot does this too. Resolves with the ids. */
  async retireSnapshots(container: ContainerReference, options: CallOptions = {}): Promise<readonly string[]> {
    return this.#stopped(container, options, async (_target, snapshots) => snapshots.retire());
  }

  /**
   * Reads all that a snapshot holds, and compares it with its digests.
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_DAMAGED`
   */
  async verifySnapshot(snapshotId: string, container: ContainerReference, options: CallOptions = {}): Promise<void> {
    await this.#use(container, options, async ({ store }) => {
      store.forget();
      const { kept } = await store.readManifest(snapshotId);
      await store.requireIntact([...kept].map(([path, { digest }]) => ({ path, digest })));
    });
  }

  /** What the snapshots of a sandbox take on the engine's disk. */
  async measureSnapshots(container: ContainerReference, options: CallOptions = {}): Promise<SnapshotDiskUsage> {
    return this.#stopped(container, options, async ({ store }) => store.measure());
  }

  /** What differs between a snapshot and now, or another, sorted by path. Times alone are no difference. */
  async diff(
    snapshotId: string,
    container: ContainerReference,
    options: DiffOptions = {},
  ): Promise<readonly FileChange[]> {
    const changes: FileChange[] = [];
    for await (const change of this.streamDiff(snapshotId, container, options)) changes.push(change);
    return changes;
  }

  /**
   * The same one by one, for what is too much to hold in memory. The sandbox's programs stand still until the loop ends or is
   * left, or its time is up. Meanwhile {@link readContents} works; other calls for the sandbox wait.
   */
  streamDiff(
    snapshotId: string,
    container: ContainerReference,
    options: DiffOptions = {},
  ): AsyncGenerator<FileChange, void, undefined> {
    return streamWhile(
      async (lend) =>
        this.#stopped(container, options, async (target) => {
          await using pristine = new PristineFiles(this.#engine, target.imageId);
          await lend(await openDiff(snapshotId, { ...target, pristine }, options));
        }),
      options,
    );
  }

  /** Contents that a snapshot of the sandbox holds, by digest. */
  async readContents(digest: Digest, container: ContainerReference, options: CallOptions = {}): Promise<Buffer> {
    const maxBytes = this.#config.maxSnapshotMb * MEBIBYTE;
    // Without waiting for a turn: it is asked for while a diff is read.
    const containerId = await resolveContainer(this.#engine, container, options);
    return reachSandbox(this.#engine, containerId, options, async ({ store }) => store.readContents(digest, maxBytes));
  }

  /**
   * Puts a sandbox back, in place: what is new goes, what changed or is gone comes back, with modes,
   * owners and times. Executions under way end as `rolled_back`.
   *
   * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong
   * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`
   * @throws RollbackIncompleteError `PARACLE_ROLLBACK_INCOMPLETE` where the result is not the snapshot
   */
  async rollback(
    snapshotId: string,
    container: ContainerReference,
    options: RollbackOptions = {},
  ): Promise<RollbackResult> {
    // Before anything is ended for it.
    const resolved = resolveRollbackOptions(options);
    const { dryRun, scope } = resolved;
    const isBackedUp = this.#config.policy.backupBeforeRollback;
    return this.#use(container, options, async ({ connection, store }, snapshots) => {
      await store.describe(snapshotId);
      return connection.whileFrozen(async () =>
        dryRun
          ? snapshots.preview(snapshotId, resolved)
          : snapshots.rollBack({ snapshotId, isBackedUp, ...scope }, resolved),
      );
    });
  }

  /**
   * Finishes the rollbacks that were cut short, of this process and of those that have ended: call it at start. A sandbox
   * that lost its controller is started again for it, and stays until it is swept or removed; a pinned snapshot keeps it.
   * All are tried: what failed is among the results, and stays as it is for the next time.
   */
  async recover(options: CallOptions = {}): Promise<readonly RecoveredRollback[]> {
    const containerIds = await findInterrupted(this.#engine, options);
    const recovered = await inBatches(containerIds, async (containerId) => this.#recover(containerId, options));
    return recovered.filter((each) => each !== undefined);
  }

  /**
   * Makes new sandboxes that begin where a snapshot was taken, with that snapshot as their first. `create` makes one, of
   * the same image and with the same volumes and memory. All or none: where one fails, those that were made are destroyed.
   *
   * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`
   * @throws RollbackError `PARACLE_ROLLBACK_FORK_MISMATCH` where a sandbox is not of the same kind
   * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong
   */
  async fork<Fork extends ForkedSandbox>(
    snapshotId: string,
    container: ContainerReference,
    { create, ...options }: ForkOptions<Fork>,
  ): Promise<readonly Fork[]> {
    const { count, ...limits } = resolveForkOptions(options);
    await this.#use(container, limits, async ({ store }) => store.describe(snapshotId));
    return makeForks({ create, count, signal: limits.signal }, async (forks) => {
      await this.#use(container, limits, async (source) =>
        inBatches(forks, async (fork) =>
          this.#use(fork, limits, async (target) => copySnapshot(this.#engine, snapshotId, { source, target })),
        ),
      );
      const order = { snapshotId, isBackedUp: false, root: '/' };
      await inBatches(forks, async (fork) =>
        this.#stopped(fork, limits, async (_target, snapshots) => snapshots.rollBack(order, SILENT)),
      );
    });
  }

  /**
   * Rolls back to the newest requested snapshot if the policy's triggers name this kind of error.
   * Resolves with what was done, or undefined; rethrowing the error is the caller's.
   */
  async autoRollbackOnError(
    container: ContainerReference,
    error: unknown,
    options: CallOptions = {},
  ): Promise<RollbackResult | undefined> {
    if (findTrigger(this.#config.policy, { type: 'thrown', error }) === undefined) return undefined;
    const latest = (await this.listSnapshots(container, options)).filter(({ kind }) => kind === 'requested').at(-1);
    if (latest === undefined) throw new SnapshotNotFoundError('(none was taken)');
    return this.rollback(latest.id, container, options);
  }

  /**
   * Takes a snapshot, runs work, and rolls back to that snapshot where the policy's triggers name how the work ended.
   * Rejects with what the work threw, itself: `rollbackOf(error)` tells what was undone. The snapshot is not retired
   * meanwhile, and is deleted afterwards unless it is to be kept or the rollback failed.
   *
   * One at a time for each sandbox: others of this manager wait, except those that the work makes itself, which are
   * undone with it.
   *
   * @throws RollbackFailedError `PARACLE_ROLLBACK_FAILED` with what the work threw as its `cause`
   * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong
   * @throws what {@link createSnapshot} does, before the work has begun
   */
  async protect<Value>(
    container: ContainerReference,
    work: (context: ProtectContext) => Promise<Value>,
    { signal, ...options }: ProtectOptions = {},
  ): Promise<ProtectResult<Value>> {
    const { keepSnapshot, stepTimeoutMs } = parseConfig(protectOptionsSchema, options, 'protect options');
    const limit = { timeoutMs: stepTimeoutMs };
    const containerId = await resolveContainer(this.#engine, container, { signal, ...limit });
    const subject = { container: { id: containerId } };
    const kind = keepSnapshot ? 'requested' : 'protect';
    return this.#protections.run(containerId, work, {
      policy: this.#config.policy,
      signal,
      keepSnapshot,
      take: async (onTaken) => this.#snapshot(subject, { signal, ...limit }, kind, onTaken),
      rollBack: async (snapshotId) => this.rollback(snapshotId, subject, limit),
      remove: async (snapshotId) => this.#stopped(subject, limit, async ({ store }) => store.delete([snapshotId])),
    });
  }

  /** Ends the connection to the engine, unless that was given to it. May be called again. */
  async close(): Promise<void> {
    if (this.#ownsEngine) await this.#engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #recover(containerId: string, options: CallOptions): Promise<RecoveredRollback | undefined> {
    const subject = { container: { id: containerId } };
    const known = { containerId };
    try {
      return await this.#stopped(subject, options, async (_target, snapshots) => {
        const interrupted = await snapshots.journal.read();
        if (interrupted === undefined) return undefined;
        return { ...known, status: 'finished', result: await snapshots.rollBack(interrupted, SILENT) };
      });
    } catch (error) {
      options.signal?.throwIfAborted();
      this.#logger.warn({ err: error, containerId }, 'a rollback that was cut short could not be finished');
      return { ...known, status: 'failed', error };
    }
  }

  async #snapshot(
    container: ContainerReference,
    options: CallOptions,
    kind: StoredDescription['kind'],
    onTaken: (snapshotId: string) => void = () => undefined,
  ): Promise<string> {
    return this.#stopped(container, options, async (_target, snapshots) => {
      // Two changes within one tick look the same, so that no second may come before the next tick.
      const [{ description }] = await Promise.all([snapshots.take(kind), delay(TICK_MS)]);
      onTaken(description.id);
      await snapshots.retire(description.id);
      return description.id;
    });
  }

  async #stopped<Result>(
    container: ContainerReference,
    options: CallOptions,
    work: (target: Target, snapshots: SandboxSnapshots) => Promise<Result>,
  ): Promise<Result> {
    return this.#use(container, options, async (target, snapshots) =>
      target.connection.whileFrozen(async () => work(target, snapshots)),
    );
  }

  async #use<Result>(
    container: ContainerReference,
    options: CallOptions,
    work: (target: Target, snapshots: SandboxSnapshots) => Promise<Result>,
  ): Promise<Result> {
    const context = {
      engine: this.#engine,
      config: this.#config,
      logger: this.#logger,
      isHeld: (id: string) => this.#protections.isHeld(id),
    };
    const use = async (target: Target): Promise<Result> => work(target, new SandboxSnapshots(target, context));
    return useSandbox(this.#engine, container, options, use);
  }
}

/** Nobody asked to be told. */
const SILENT = { onProgress: (): void => undefined };

function refuseInUse(snapshotId: string): RollbackError {
  return new RollbackError(
    rollbackErrorCodes.snapshotInUse,
    `Snapshot ${snapshotId} is needed by a rollback that was cut short`,
    { details: { snapshotId }, suggestion: 'Let recover() finish it, or roll back to another snapshot.' },
  );
}
