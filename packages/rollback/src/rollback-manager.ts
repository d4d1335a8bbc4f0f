import { setTimeout as delay } from 'node:timers/promises';
import {
  type CallOptions,
  type ContainerReference,
  coreErrorCodes,
  Engine,
  type FileService,
  hasCode,
  type Logger,
  parseConfig,
  resolveContainer,
  type SupervisorConnection,
  silentLogger,
} from '@paracle/core';
import { type ResolvedRollbackConfig, type RollbackConfig, rollbackConfigSchema } from './config/rollback-config.js';
import type { DiffOptions } from './diff/diff-snapshot.js';
import type { Digest, FileChange } from './diff/file-change.js';
import { openDiff } from './diff/open-diff.js';
import { streamWhile } from './diff/stream-while.js';
import { rollbackErrorCodes } from './errors/rollback-error-codes.js';
import { RollbackError, RollbackIncompleteError, SnapshotNotFoundError } from './errors/rollback-errors.js';
import { tellNoSpace } from './errors/tell-no-space.js';
import { findTrigger } from './protect/find-trigger.js';
import { type ProtectOptions, protectOptionsSchema } from './protect/protect-options.js';
import { Protections } from './protect/protections.js';
import type { ProtectContext, ProtectResult } from './protect/run-protected.js';
import { Turns } from './protect/turns.js';
import { applyPlan } from './restore/apply-plan.js';
import { planChecked, refuseEarly } from './restore/plan-checked.js';
import { summarize } from './restore/plan-rollback.js';
import { PristineFiles } from './restore/pristine-files.js';
import {
  type ResolvedRollbackOptions,
  type RollbackOptions,
  type RollbackResult,
  resolveRollbackOptions,
} from './restore/rollback-options.js';
import { findDifferences } from './restore/verify-rollback.js';
import type { SnapshotDiskUsage } from './snapshot/disk-usage.js';
import { findSnapshotOwner } from './snapshot/find-snapshot-owner.js';
import { findSurplus } from './snapshot/find-surplus.js';
import { findRoots } from './snapshot/list-file-systems.js';
import type { Manifest } from './snapshot/manifest.js';
import type { SnapshotDescription, StoredDescription } from './snapshot/snapshot-description.js';
import { SnapshotStore } from './snapshot/snapshot-store.js';
import { lookAt, type TakenSnapshot, takeSnapshot } from './snapshot/take-snapshot.js';

/** How a rollback manager works. */
export interface RollbackManagerOptions {
  /** The engine that the sandboxes are on; a manager that is given one doesn't close it. @defaultValue the engine that is found */
  readonly engine?: Engine;
  readonly config?: RollbackConfig;
  /** @defaultValue silent */
  readonly logger?: Logger;
}

interface Target {
  readonly containerId: string;
  /** As the engine says: what the sandbox's store says could name any image of the engine. */
  readonly imageId: string;
  /** Where the file systems are mounted that snapshots cover. */
  readonly roots: readonly string[];
  readonly connection: SupervisorConnection;
  readonly store: SnapshotStore;
  readonly files: FileService;
}

/** Grace of executions that a rollback ends: their changes are undone in any case. */
const KILL_GRACE_MS = 0;

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
   */
  async deleteSnapshot(snapshotId: string, container?: ContainerReference, options: CallOptions = {}): Promise<void> {
    const list = async (containerId: string): Promise<readonly SnapshotDescription[]> =>
      this.listSnapshots(containerId, options);
    const owner = container ?? (await findSnapshotOwner(snapshotId, { engine: this.#engine, list, ...options }));
    await this.#stopped(owner, options, async ({ store }) => {
      await store.describe(snapshotId);
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
    return this.#stopped(container, options, async ({ store }) => this.#retire(store));
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
    return this.#reach(containerId, options, async ({ store }) => store.readContents(digest, maxBytes));
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
    return this.#use(container, options, async (target) => {
      const { connection, store } = target;
      await store.describe(snapshotId);
      return connection.whileFrozen(async () => {
        const snapshot = await store.readManifest(snapshotId);
        if (!resolved.dryRun) {
          await refuseEarly(snapshot, { ...target, includes: resolved.includes });
          await connection.cancelAll('rolled_back', KILL_GRACE_MS);
        }
        return this.#restore(target, { id: snapshotId, snapshot }, resolved);
      });
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

  async #snapshot(
    container: ContainerReference,
    options: CallOptions,
    kind: StoredDescription['kind'],
    onTaken: (snapshotId: string) => void = () => undefined,
  ): Promise<string> {
    return this.#stopped(container, options, async (target) => {
      // Two changes within one tick look the same, so that no second may come before the next tick.
      const [{ description }] = await Promise.all([this.#take(target, kind), delay(TICK_MS)]);
      onTaken(description.id);
      await this.#retire(target.store, description.id);
      return description.id;
    });
  }

  async #restore(
    target: Target,
    { id, snapshot }: { readonly id: string; readonly snapshot: Manifest },
    { dryRun, includes }: ResolvedRollbackOptions,
  ): Promise<RollbackResult> {
    const { store, files, containerId, imageId } = target;
    const hasSafety = this.#config.policy.backupBeforeRollback && !dryRun;
    const safety = hasSafety ? await this.#take(target, 'safety') : undefined;
    const now = safety ?? (await lookAt(snapshot, target));
    const plan = await planChecked(snapshot, now, { ...target, includes });
    const result: RollbackResult = {
      snapshotId: id,
      containerId,
      isDryRun: dryRun,
      ...(safety !== undefined && { safetySnapshotId: safety.description.id }),
      ...summarize(plan),
    };
    if (dryRun) return result;
    await using pristine = new PristineFiles(this.#engine, imageId);
    await applyPlan(plan, { files, pristine });
    const differences = await findDifferences(plan, files);
    if (differences.length > 0) throw new RollbackIncompleteError(id, differences, safety?.description.id);
    await this.#retire(store, id, safety?.description.id);
    this.#logger.info({ containerId, snapshotId: id }, 'rolled back');
    return result;
  }

  async #take(target: Target, kind: StoredDescription['kind']): Promise<TakenSnapshot> {
    const taken = await takeSnapshot({ ...target, kind, config: this.#config }).catch(async (error: unknown) => {
      // What was saved already; if it can't be removed now, the next snapshot that is deleted takes it along.
      await target.store.collect().catch(() => undefined);
      throw error;
    });
    const { id, pathCount, addedBytes } = taken.description;
    this.#logger.info({ containerId: target.containerId, snapshotId: id, pathCount, addedBytes }, 'snapshot taken');
    return taken;
  }

  /** Deletes what the policy no longer keeps, never what is named. */
  async #retire(store: SnapshotStore, ...inUse: readonly (string | undefined)[]): Promise<readonly string[]> {
    const surplus = findSurplus(await store.list(), this.#config.policy);
    const isInUse = (id: string): boolean => inUse.includes(id) || this.#protections.isHeld(id);
    const retired = surplus.filter((id) => !isInUse(id));
    await store.delete(retired);
    return retired;
  }

  async #stopped<Result>(
    container: ContainerReference,
    options: CallOptions,
    work: (target: Target) => Promise<Result>,
  ): Promise<Result> {
    return this.#use(container, options, async (target) => target.connection.whileFrozen(async () => work(target)));
  }

  async #use<Result>(
    container: ContainerReference,
    options: CallOptions,
    work: (target: Target) => Promise<Result>,
  ): Promise<Result> {
    const containerId = await resolveContainer(this.#engine, container, options);
    const run = async (): Promise<Result> => this.#reach(containerId, options, work);
    return turns.take(containerId, run, options.signal ?? new AbortController().signal);
  }

  async #reach<Result>(
    containerId: string,
    options: CallOptions,
    work: (target: Target) => Promise<Result>,
  ): Promise<Result> {
    const connection = await this.#connect(containerId, options);
    const description = await this.#engine.containers.inspect(containerId, options);
    const [imageId, roots] = [description.imageId, findRoots(description)];
    return SnapshotStore.use(
      connection,
      async (store, files) => work({ containerId, imageId, roots, connection, store, files }),
      options,
    ).catch(tellNoSpace);
  }

  async #connect(containerId: string, { signal, timeoutMs }: CallOptions): Promise<SupervisorConnection> {
    try {
      return await this.#engine.supervisors.connect(containerId, { signal, timeoutMs });
    } catch (error) {
      if (!hasCode(error, coreErrorCodes.supervisorUnreachable)) throw error;
      throw new RollbackError(
        rollbackErrorCodes.containerUnsupported,
        `Container ${containerId} can't be snapshotted: only running sandboxes made by Paracle can, so far`,
        { details: { containerId }, cause: error },
      );
    }
  }
}

/** One thing at a time on each sandbox, for all managers of this process; the freeze keeps others off. */
const turns = new Turns();
