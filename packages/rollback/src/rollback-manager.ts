import {
  type CallOptions,
  type ContainerReference,
  Engine,
  hasCode,
  type Logger,
  labelKeys,
  parseConfig,
  silentLogger,
} from '@paracle/core';
import { type ResolvedRollbackConfig, type RollbackConfig, rollbackConfigSchema } from './config/rollback-config.js';
import { type ContainerSnapshots, type SnapshotContext, takeTurn } from './container-snapshots.js';
import type { DiffOptions } from './diff/diff-snapshot.js';
import type { Digest, FileChange } from './diff/file-change.js';
import { openDiff } from './diff/open-diff.js';
import { streamWhile } from './diff/stream-while.js';
import { rollbackErrorCodes } from './errors/rollback-error-codes.js';
import { SnapshotNotFoundError } from './errors/rollback-errors.js';
import { COPIES_AT_ONCE, copySnapshot, findSource } from './fork/copy-snapshot.js';
import { type ForkedSandbox, type ForkOptions, resolveForkOptions } from './fork/fork-options.js';
import { makeForks } from './fork/make-forks.js';
import { InPlaceSnapshots } from './in-place-snapshots.js';
import { findTrigger } from './protect/find-trigger.js';
import { type ProtectOptions, protectOptionsSchema } from './protect/protect-options.js';
import { Protections } from './protect/protections.js';
import type { ProtectContext, ProtectResult } from './protect/run-protected.js';
import { ForeignSnapshots } from './replacement/foreign-snapshots.js';
import { ReplacementSnapshots } from './replacement/replacement-snapshots.js';
import { findInterrupted, type RecoveredRollback } from './restore/find-interrupted.js';
import { inBatches } from './restore/in-batches.js';
import { PristineFiles } from './restore/pristine-files.js';
import { type RollbackOptions, type RollbackResult, resolveRollbackOptions } from './restore/rollback-options.js';
import type { SnapshotDiskUsage } from './snapshot/disk-usage.js';
import { findSnapshotOwner } from './snapshot/find-snapshot-owner.js';
import type { SnapshotDescription } from './snapshot/snapshot-description.js';
import { describeContainer } from './use-sandbox.js';

/** How a rollback manager works. */
export interface RollbackManagerOptions {
  /** The engine that the sandboxes are on; a manager that is given one doesn't close it. @defaultValue the engine that is found */
  readonly engine?: Engine;
  readonly config?: RollbackConfig;
  /** @defaultValue silent */
  readonly logger?: Logger;
}

const MEBIBYTE = 1024 * 1024;

/**
 * Snapshots of sandboxes, what changed since, and the way back. Each call has ten minutes for its work inside the sandbox
 * unless its options say otherwise; one that is given up half way can be made again.
 */
export class RollbackManager implements AsyncDisposable {
  readonly #ownsEngine: boolean;
  readonly #config: ResolvedRollbackConfig;
  readonly #protections: Protections;
  readonly #context: SnapshotContext;
  readonly #replacements: ReplacementSnapshots;

  /** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong */
  constructor(options: RollbackManagerOptions = {}) {
    const { engine, config = {}, logger: parent = silentLogger } = options;
    this.#ownsEngine = engine === undefined;
    this.#config = parseConfig(rollbackConfigSchema, config, 'rollback config');
    const logger = parent.child({ component: 'rollback' });
    this.#protections = new Protections(logger);
    const isHeld = (snapshotId: string): boolean => this.#protections.isHeld(snapshotId);
    this.#context = { engine: engine ?? new Engine(), config: this.#config, logger, isHeld };
    this.#replacements = new ReplacementSnapshots(this.#context);
  }

  /**
   * Takes a snapshot of a sandbox's root file system, volumes and memory; its programs stand still meanwhile. Resolves with its id.
   * @throws RollbackError `PARACLE_ROLLBACK_CONTAINER_UNSUPPORTED`, `PARACLE_ROLLBACK_SNAPSHOT_TOO_LARGE`
   * @throws SupervisorBusyError `PARACLE_SUPERVISOR_BUSY` while another process does the same
   */
  async createSnapshot(container: ContainerReference, options: CallOptions = {}): Promise<string> {
    return (await this.#of(container, options)).create('requested', options);
  }

  /** All snapshots of a sandbox, the oldest first. */
  async listSnapshots(
    container: ContainerReference,
    options: CallOptions = {},
  ): Promise<readonly SnapshotDescription[]> {
    return (await this.#of(container, options)).list(options);
  }

  /**
   * Deletes a snapshot and the contents that no other needs. Without a container, the running sandboxes are asked for it.
   * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_IN_USE` by a rollback that was cut short
   */
  async deleteSnapshot(snapshotId: string, container?: ContainerReference, options: CallOptions = {}): Promise<void> {
    if (container !== undefined) return (await this.#of(container, options)).delete(snapshotId, options);
    try {
      await this.#replacements.delete(snapshotId, options);
    } catch (error) {
      if (!hasCode(error, rollbackErrorCodes.snapshotNotFound)) throw error;
      const list = async (sandbox: string): Promise<readonly SnapshotDescription[]> =>
        this.listSnapshots(sandbox, options);
      const owner = await findSnapshotOwner(snapshotId, { engine: this.#context.engine, list, ...options });
      await this.deleteSnapshot(snapshotId, owner, options);
    }
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
    await (await this.#of(container, options)).setPin(snapshotId, isPinned, options);
  }

  /** Deletes what the policy no longer keeps; taking a snapshot does this too. Resolves with the ids. */
  async retireSnapshots(container: ContainerReference, options: CallOptions = {}): Promise<readonly string[]> {
    return (await this.#of(container, options)).retire(options);
  }

  /**
   * Reads all that a snapshot holds, and compares it with its digests.
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_DAMAGED`
   */
  async verifySnapshot(snapshotId: string, container: ContainerReference, options: CallOptions = {}): Promise<void> {
    await (await this.#inPlace(container, options)).use(options, async ({ store }) => {
      store.forget();
      const { kept } = await store.readManifest(snapshotId);
      await store.requireIntact([...kept].map(([path, { digest }]) => ({ path, digest })));
    });
  }

  /** What the snapshots of a sandbox take on the engine's disk. */
  async measureSnapshots(container: ContainerReference, options: CallOptions = {}): Promise<SnapshotDiskUsage> {
    return (await this.#inPlace(container, options)).stopped(options, async ({ store }) => store.measure());
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
        (await this.#inPlace(container, options)).stopped(options, async (target) => {
          await using pristine = new PristineFiles(this.#context.engine, target.imageId);
          await lend(await openDiff(snapshotId, { ...target, pristine }, options));
        }),
      options,
    );
  }

  /** Contents that a snapshot of the sandbox holds, by digest. */
  async readContents(digest: Digest, container: ContainerReference, options: CallOptions = {}): Promise<Buffer> {
    const maxBytes = this.#config.maxSnapshotMb * MEBIBYTE;
    const snapshots = await this.#inPlace(container, options);
    // It is asked for while a diff is read.
    return snapshots.reach(options, async ({ store }) => store.readContents(digest, maxBytes));
  }

  /**
   * Puts a sandbox back, in place: what is new goes, what changed or is gone comes back, with modes,
   * owners and times. Executions under way end as `rolled_back`. A container that Paracle did not make is replaced.
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
    // Before anything is asked for or ended for it.
    resolveRollbackOptions(options);
    return (await this.#of(container, options)).rollback(snapshotId, options);
  }

  /**
   * Finishes the rollbacks that were cut short, of this process and of those that have ended: call it at start. A sandbox
   * that lost its controller is started again for it, and stays until it is swept or removed; a pinned snapshot keeps it.
   * All are tried: what failed is among the results, and stays as it is for the next time.
   */
  async recover(options: CallOptions = {}): Promise<readonly RecoveredRollback[]> {
    const { containerIds, failed } = await findInterrupted(this.#context.engine, options);
    const replaced = await this.#replacements.recover(options);
    const inPlace = await inBatches(containerIds, async (id) => {
      const container = { container: { id } };
      // Somebody may have just removed it.
      const snapshots = await this.#inPlace(container, options).catch(() => undefined);
      return snapshots?.recover(options);
    });
    return [...replaced, ...failed, ...inPlace.filter((each) => each !== undefined)];
  }

  /**
   * Makes new sandboxes that begin where a snapshot was taken, with that snapshot as their first. `create` makes one, of
   * the same image and with the same volumes and memory. All or none: where one fails, those that were made are destroyed.
   *
   * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`
   * @throws RollbackError `PARACLE_ROLLBACK_FORK_MISMATCH` where a sandbox is not of the same kind, or not a new one;
   * `PARACLE_ROLLBACK_FORK_FAILED` where making them takes too long, copying breaks off, or what was made can't be removed
   * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong
   */
  async fork<Fork extends ForkedSandbox>(
    snapshotId: string,
    container: ContainerReference,
    { create, ...options }: ForkOptions<Fork>,
  ): Promise<readonly Fork[]> {
    const resolved = resolveForkOptions(options);
    const { engine } = this.#context;
    const origin = await this.#inPlace(container, resolved);
    await origin.use(resolved, async ({ store }) => store.describe(snapshotId));
    return makeForks({ create, originId: origin.key, ...resolved }, async (made, limits) => {
      const forks = await inBatches(made, async (fork) => this.#inPlace(fork, limits));
      await takeTurn(origin.key, limits, async () => {
        const source = await origin.reach(limits, async (target) => findSource(snapshotId, target));
        const copy = async (fork: InPlaceSnapshots): Promise<void> =>
          fork.use(limits, async (target) => copySnapshot(engine, { source, target, ...limits }));
        await inBatches(forks, copy, COPIES_AT_ONCE);
      });
      await inBatches(forks, async (fork) => fork.begin(snapshotId, limits));
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
    const snapshots = await this.#of(container, { signal, ...limit });
    const kind = keepSnapshot ? 'requested' : 'protect';
    return this.#protections.run(snapshots.key, work, {
      policy: this.#config.policy,
      signal,
      keepSnapshot,
      take: async (onTaken) => snapshots.create(kind, { signal, onTaken, ...limit }),
      rollBack: async (snapshotId) => snapshots.rollback(snapshotId, limit),
      remove: async (snapshotId) => snapshots.delete(snapshotId, limit),
    });
  }

  /** Ends the connection to the engine, unless that was given to it. May be called again. */
  async close(): Promise<void> {
    if (this.#ownsEngine) await this.#context.engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #of(container: ContainerReference, options: CallOptions): Promise<ContainerSnapshots> {
    const description = await describeContainer(this.#context.engine, container, options);
    return description.labels[labelKeys.managed] === 'true'
      ? new InPlaceSnapshots(description, this.#context)
      : new ForeignSnapshots(description.name, this.#replacements);
  }

  async #inPlace(container: ContainerReference, options: CallOptions): Promise<InPlaceSnapshots> {
    const description = await describeContainer(this.#context.engine, container, options);
    return new InPlaceSnapshots(description, this.#context);
  }
}
