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
import { type DiffOptions, diffSnapshot } from './diff/diff-snapshot.js';
import type { Digest, FileChange } from './diff/file-change.js';
import { rollbackErrorCodes } from './errors/rollback-error-codes.js';
import { RollbackError, RollbackIncompleteError, SnapshotNotFoundError } from './errors/rollback-errors.js';
import { findTrigger } from './protect/find-trigger.js';
import { type ProtectOptions, protectOptionsSchema } from './protect/protect-options.js';
import { Protections } from './protect/protections.js';
import type { ProtectContext, ProtectResult } from './protect/run-protected.js';
import { applyPlan } from './restore/apply-plan.js';
import { planRollback, refuseMovedMounts } from './restore/plan-rollback.js';
import { PristineFiles } from './restore/pristine-files.js';
import { findDifferences } from './restore/verify-rollback.js';
import type { SnapshotDescription } from './snapshot/snapshot-description.js';
import { SnapshotStore } from './snapshot/snapshot-store.js';
import { display, type TakenSnapshot, takeSnapshot, walkAll } from './snapshot/take-snapshot.js';

/** How a rollback manager works. */
export interface RollbackManagerOptions {
  readonly engine: Engine;
  readonly config?: RollbackConfig;
  /** @defaultValue silent */
  readonly logger?: Logger;
}

/** What a rollback did. */
export interface RollbackResult {
  readonly snapshotId: string;
  readonly containerId: string;
  /** Snapshot of the state before, where the policy asks for one. */
  readonly safetySnapshotId?: string;
  readonly removedCount: number;
  readonly restoredCount: number;
  /** Sockets, pipes and devices that were in the snapshot and could not be made again. */
  readonly notRestored: readonly string[];
}

interface Target {
  readonly containerId: string;
  /** As the engine says: what the sandbox's store says could name any image of the engine. */
  readonly imageId: string;
  readonly connection: SupervisorConnection;
  readonly store: SnapshotStore;
  readonly files: FileService;
}

/** Grace of executions that a rollback ends: their changes are undone in any case. */
const KILL_GRACE_MS = 0;

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

  /** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong */
  constructor(options: RollbackManagerOptions) {
    const { engine, config = {}, logger = silentLogger } = options;
    this.#engine = engine;
    this.#config = parseConfig(rollbackConfigSchema, config, 'rollback config');
    this.#logger = logger.child({ component: 'rollback' });
    this.#protections = new Protections(this.#logger);
  }

  /**
   * Takes a snapshot of a sandbox's root file system; its programs stand still meanwhile. Resolves with its id.
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

  /** Deletes a snapshot and the contents that no other needs. @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND` */
  async deleteSnapshot(snapshotId: string, container: ContainerReference, options: CallOptions = {}): Promise<void> {
    await this.#use(container, options, async ({ store }) => {
      await store.describe(snapshotId);
      await store.delete([snapshotId]);
    });
  }

  /** What differs between a snapshot and now, sorted by path. Times alone are no difference. */
  async diff(
    snapshotId: string,
    container: ContainerReference,
    options: DiffOptions = {},
  ): Promise<readonly FileChange[]> {
    return this.#stopped(container, options, async ({ store, files, imageId }) => {
      await using pristine = new PristineFiles(this.#engine, imageId);
      return await diffSnapshot(await store.readManifest(snapshotId), { files, pristine }, options);
    });
  }

  /** Contents that a snapshot of the sandbox holds, by digest. */
  async readContents(digest: Digest, container: ContainerReference, options: CallOptions = {}): Promise<Buffer> {
    const maxBytes = this.#config.maxSnapshotMb * MEBIBYTE;
    return this.#use(container, options, async ({ store }) => store.readContents(digest, maxBytes));
  }

  /**
   * Puts a sandbox back, in place: what is new goes, what changed or is gone comes back, with modes,
   * owners and times. Executions under way end as `rolled_back`.
   *
   * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`
   * @throws RollbackIncompleteError `PARACLE_ROLLBACK_INCOMPLETE` where the result is not the snapshot
   */
  async rollback(
    snapshotId: string,
    container: ContainerReference,
    options: CallOptions = {},
  ): Promise<RollbackResult> {
    return this.#use(container, options, async (target) => {
      const { connection, store } = target;
      const description = await store.describe(snapshotId);
      return connection.whileFrozen(async () => {
        await connection.cancelAll('rolled_back', KILL_GRACE_MS);
        return this.#restore(target, description);
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

  async #snapshot(
    container: ContainerReference,
    options: CallOptions,
    kind: SnapshotDescription['kind'],
    onTaken: (snapshotId: string) => void = () => undefined,
  ): Promise<string> {
    return this.#stopped(container, options, async (target) => {
      const { id } = (await this.#take(target, kind)).description;
      onTaken(id);
      await this.#retire(target.store, id);
      return id;
    });
  }

  async #restore(target: Target, description: SnapshotDescription): Promise<RollbackResult> {
    const { store, files, containerId, imageId } = target;
    const snapshot = await store.readManifest(description.id);
    const safety = this.#config.policy.backupBeforeRollback ? await this.#take(target, 'safety') : undefined;
    const { manifest: now, skipped } =
      safety === undefined ? await walkAll(files) : { ...safety, skipped: safety.description.notCovered };
    const plan = planRollback(snapshot, now);
    refuseMovedMounts(plan, skipped);
    await using pristine = new PristineFiles(this.#engine, imageId);
    await applyPlan(plan, { files, pristine });
    const impossible = new Set(plan.impossible);
    const expected = new Map([...snapshot].filter(([path]) => !impossible.has(path)));
    const differences = findDifferences(expected, (await walkAll(files)).manifest);
    if (differences.length > 0) throw new RollbackIncompleteError(description.id, differences, safety?.description.id);
    await this.#retire(store, description.id, safety?.description.id);
    this.#logger.info({ containerId, snapshotId: description.id }, 'rolled back');
    return {
      snapshotId: description.id,
      containerId,
      ...(safety !== undefined && { safetySnapshotId: safety.description.id }),
      removedCount: plan.remove.length,
      restoredCount: plan.files.length + plan.symlinks.length + plan.directories.length,
      notRestored: plan.impossible.map(display),
    };
  }

  async #take(target: Target, kind: SnapshotDescription['kind']): Promise<TakenSnapshot> {
    const taken = await takeSnapshot({ ...target, kind, config: this.#config });
    const { id, pathCount, addedBytes } = taken.description;
    this.#logger.info({ containerId: target.containerId, snapshotId: id, pathCount, addedBytes }, 'snapshot taken');
    return taken;
  }

  /** Deletes what the policy no longer keeps, never what is named. Safety snapshots have a place of their own: the newest stays. */
  async #retire(store: SnapshotStore, ...inUse: readonly (string | undefined)[]): Promise<void> {
    const { maxSnapshots, maxAgeHours } = this.#config.policy;
    const oldest = Date.now() - maxAgeHours * 3_600_000;
    const all = await store.list();
    const requested = all.filter(({ kind }) => kind === 'requested');
    const safety = all.filter(({ kind }) => kind === 'safety');
    const surplus = [...requested.slice(0, -maxSnapshots), ...safety.slice(0, -1)];
    const expired = all.filter(({ createdAt }) => createdAt.getTime() < oldest);
    const isInUse = (id: string): boolean => inUse.includes(id) || this.#protections.isHeld(id);
    const retired = new Set([...surplus, ...expired].map(({ id }) => id).filter((id) => !isInUse(id)));
    await store.delete([...retired]);
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
    const { imageId } = await this.#engine.containers.inspect(containerId, options);
    return SnapshotStore.use(
      connection,
      async (store, files) => work({ containerId, imageId, connection, store, files }),
      options,
    );
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
