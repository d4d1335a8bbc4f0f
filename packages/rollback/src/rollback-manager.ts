import { setTimeout as delay } from 'node:timers/promises';
import {
  type CallOptions,
  type ContainerReference,
  coreErrorCodes,
  type Engine,
  type FileService,
  hasCode,
  type Logger,
  parseConfig,
  resolveContainer,
  type SupervisorConnection,
  silentLogger,
} from '@paracle/core';
import { type ResolvedRollbackConfig, type RollbackConfig, rollbackConfigSchema } from './config/rollback-config.js';
import { type DiffOptions, diffManifests, inSandbox, inSnapshot } from './diff/diff-snapshot.js';
import type { Digest, FileChange } from './diff/file-change.js';
import { rollbackErrorCodes } from './errors/rollback-error-codes.js';
import { RollbackError, RollbackIncompleteError, SnapshotNotFoundError } from './errors/rollback-errors.js';
import { findTrigger } from './protect/find-trigger.js';
import { type ProtectOptions, protectOptionsSchema } from './protect/protect-options.js';
import { Protections } from './protect/protections.js';
import type { ProtectContext, ProtectResult } from './protect/run-protected.js';
import { Turns } from './protect/turns.js';
import { findForeign } from './replacement/find-foreign.js';
import { findRetired } from './replacement/find-retired.js';
import { type RecoveredReplacement, ReplacementSnapshots } from './replacement/replacement-snapshots.js';
import { applyPlan } from './restore/apply-plan.js';
import { findMoved } from './restore/find-moved.js';
import { planRollback, summarize } from './restore/plan-rollback.js';
import { PristineFiles } from './restore/pristine-files.js';
import {
  type ResolvedRollbackOptions,
  type RollbackOptions,
  type RollbackResult,
  resolveRollbackOptions,
} from './restore/rollback-options.js';
import { findDifferences } from './restore/verify-rollback.js';
import type { SnapshotDiskUsage } from './snapshot/disk-usage.js';
import { findRoots, listFileSystems, refuseMoved } from './snapshot/list-file-systems.js';
import type { SnapshotDescription, StoredDescription } from './snapshot/snapshot-description.js';
import { SnapshotStore } from './snapshot/snapshot-store.js';
import { lookAt, type TakenSnapshot, takeSnapshot } from './snapshot/take-snapshot.js';

/** How a rollback manager works. */
export interface RollbackManagerOptions {
  readonly engine: Engine;
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
export class RollbackManager {
  readonly #engine: Engine;
  readonly #config: ResolvedRollbackConfig;
  readonly #logger: Logger;
  readonly #protections: Protections;
  readonly #replacements: ReplacementSnapshots;

  /** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong */
  constructor(options: RollbackManagerOptions) {
    const { engine, config = {}, logger = silentLogger } = options;
    this.#engine = engine;
    this.#config = parseConfig(rollbackConfigSchema, config, 'rollback config');
    this.#logger = logger.child({ component: 'rollback' });
    this.#protections = new Protections(this.#logger);
    const isHeld = (id: string): boolean => this.#protections.isHeld(id);
    this.#replacements = new ReplacementSnapshots({ engine, config: this.#config, logger: this.#logger, isHeld });
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
    const foreign = await this.#onForeign(container, options, async (name) => this.#replacements.list(name, options));
    return foreign?.result ?? this.#use(container, options, async ({ store }) => store.list());
  }

  /** Deletes a snapshot and the contents that no other needs. @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND` */
  async deleteSnapshot(snapshotId: string, container: ContainerReference, options: CallOptions = {}): Promise<void> {
    const remove = async (name: string): Promise<void> =>
      this.#replacements.delete(snapshotId, { of: name, ...options });
    if ((await this.#onForeign(container, options, remove)) !== undefined) return;
    await this.#stopped(container, options, async ({ store }) => {
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
    const pin = async (name: string): Promise<void> =>
      this.#replacements.pin(snapshotId, isPinned, { of: name, ...options });
    if ((await this.#onForeign(container, options, pin)) !== undefined) return;
    await this.#stopped(container, options, async ({ store }) => {
      await store.describe(snapshotId);
      await store.setPin(snapshotId, isPinned);
    });
  }

  /** Deletes what the policy no longer keeps; taking a snapshot does this too. Resolves with the ids. */
  async retireSnapshots(container: ContainerReference, options: CallOptions = {}): Promise<readonly string[]> {
    const foreign = await this.#onForeign(container, options, async (name) => this.#replacements.retire(name, options));
    return foreign?.result ?? this.#stopped(container, options, async ({ store }) => this.#retire(store));
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
    return this.#stopped(container, options, async ({ store, files, roots, imageId }) => {
      await using pristine = new PristineFiles(this.#engine, imageId);
      const before = { manifest: await store.readManifest(snapshotId), find: inSnapshot(pristine) };
      const after =
        options.to === undefined
          ? {
              manifest: { records: (await listFileSystems(files, roots)).records, kept: new Map() },
              find: inSandbox(files),
            }
          : { manifest: await store.readManifest(options.to), find: inSnapshot(pristine) };
      return await diffManifests(before, after, options);
    });
  }

  /** Contents that a snapshot of the sandbox holds, by digest. */
  async readContents(digest: Digest, container: ContainerReference, options: CallOptions = {}): Promise<Buffer> {
    const maxBytes = this.#config.maxSnapshotMb * MEBIBYTE;
    return this.#use(container, options, async ({ store }) => store.readContents(digest, maxBytes));
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
    // Before anything is ended for it.
    const resolved = resolveRollbackOptions(options);
    const replace = async (name: string): Promise<RollbackResult> =>
      this.#replacements.rollback(snapshotId, name, options);
    const foreign = await this.#onForeign(container, options, replace);
    if (foreign !== undefined) return foreign.result;
    return this.#use(container, options, async (target) => {
      const { connection, store } = target;
      const description = await store.describe(snapshotId);
      return connection.whileFrozen(async () => {
        if (!resolved.dryRun) await connection.cancelAll('rolled_back', KILL_GRACE_MS);
        return this.#restore(target, description, resolved);
      });
    });
  }

  /**
   * Finishes rollbacks of containers that Paracle did not make whose processes have ended half way: call it when you start.
   * @throws RollbackError `PARACLE_ROLLBACK_REPLACEMENT_FAILED`; all was tried
   */
  async recover(options: CallOptions = {}): Promise<readonly RecoveredReplacement[]> {
    return this.#replacements.recover(options);
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
    const foreign = await findForeign(this.#engine, container, { signal, ...limit });
    // The id of one that is replaced changes.
    const containerId = foreign?.name ?? (await resolveContainer(this.#engine, container, { signal, ...limit }));
    const subject = foreign?.name ?? { container: { id: containerId } };
    const kind = keepSnapshot ? 'requested' : 'protect';
    return this.#protections.run(containerId, work, {
      policy: this.#config.policy,
      signal,
      keepSnapshot,
      take: async (onTaken) => this.#snapshot(subject, { signal, ...limit }, kind, onTaken),
      rollBack: async (snapshotId) => this.rollback(snapshotId, subject, limit),
      remove: async (snapshotId) =>
        foreign === undefined
          ? this.#stopped(subject, limit, async ({ store }) => store.delete([snapshotId]))
          : this.#replacements.delete(snapshotId, limit),
    });
  }

  async #snapshot(
    container: ContainerReference,
    options: CallOptions,
    kind: StoredDescription['kind'],
    onTaken: (snapshotId: string) => void = () => undefined,
  ): Promise<string> {
    const take = async (name: string): Promise<string> =>
      this.#replacements.createSnapshot(name, { kind, onTaken, ...options });
    const foreign = await this.#onForeign(container, options, take);
    if (foreign !== undefined) return foreign.result;
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
    description: StoredDescription,
    { dryRun, includes }: ResolvedRollbackOptions,
  ): Promise<RollbackResult> {
    const { store, files, containerId, imageId, roots } = target;
    const snapshot = await store.readManifest(description.id);
    const hasSafety = this.#config.policy.backupBeforeRollback && !dryRun;
    const safety = hasSafety ? await this.#take(target, 'safety') : undefined;
    const { manifest: now, mounts } = safety ?? (await lookAt(snapshot, target));
    const plan = planRollback(snapshot, now, includes);
    refuseMoved(findMoved(plan, { mounts, roots }));
    await store.requireIntact(plan.files);
    const result: RollbackResult = {
      snapshotId: description.id,
      containerId,
      isDryRun: dryRun,
      ...(safety !== undefined && { safetySnapshotId: safety.description.id }),
      ...summarize(plan),
    };
    if (dryRun) return result;
    await using pristine = new PristineFiles(this.#engine, imageId);
    await applyPlan(plan, { files, pristine });
    const differences = await findDifferences(plan, files);
    if (differences.length > 0) throw new RollbackIncompleteError(description.id, differences, safety?.description.id);
    await this.#retire(store, description.id, safety?.description.id);
    this.#logger.info({ containerId, snapshotId: description.id }, 'rolled back');
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

  /** Deletes what the policy no longer keeps, never what is named. Safety snapshots have a place of their own: the newest stays. */
  async #retire(store: SnapshotStore, ...inUse: readonly (string | undefined)[]): Promise<readonly string[]> {
    const isInUse = (id: string): boolean => inUse.includes(id) || this.#protections.isHeld(id);
    const retired = findRetired(await store.list(), this.#config.policy).filter((id) => !isInUse(id));
    await store.delete(retired);
    return retired;
  }

  /** Works on a container that Paracle did not make, by its name; undefined for one that it made. */
  async #onForeign<Result>(
    container: ContainerReference,
    options: CallOptions,
    work: (name: string) => Promise<Result>,
  ): Promise<{ readonly result: Result } | undefined> {
    const name = (await findForeign(this.#engine, container, options))?.name;
    if (name === undefined) return undefined;
    const run = async (): Promise<{ readonly result: Result }> => ({ result: await work(name) });
    return turns.take(name, run, options.signal ?? new AbortController().signal);
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
    const connection = await this.#connect(containerId, options);
    const description = await this.#engine.containers.inspect(containerId, options);
    const [imageId, roots] = [description.imageId, findRoots(description)];
    const run = async (): Promise<Result> =>
      SnapshotStore.use(
        connection,
        async (store, files) => work({ containerId, imageId, roots, connection, store, files }),
        options,
      );
    return turns.take(containerId, run, options.signal ?? new AbortController().signal);
  }

  async #connect(containerId: string, { signal, timeoutMs }: CallOptions): Promise<SupervisorConnection> {
    try {
      return await this.#engine.supervisors.connect(containerId, { signal, timeoutMs });
    } catch (error) {
      if (!hasCode(error, coreErrorCodes.supervisorUnreachable)) throw error;
      throw new RollbackError(
        rollbackErrorCodes.containerUnsupported,
        `Container ${containerId} has no supervisor, which this takes: it is no sandbox made by Paracle, or does not run`,
        { details: { containerId }, cause: error },
      );
    }
  }
}

/** One thing at a time on each sandbox, for all managers of this process; the freeze keeps others off. */
const turns = new Turns();
