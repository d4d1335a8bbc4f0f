import {
  type CallOptions,
  type ContainerDescription,
  createId,
  type Engine,
  hasCode,
  type Logger,
  labelKeys,
} from '@paracle/core';
import type { ResolvedRollbackConfig } from '../config/rollback-config.js';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import type { RecoveredRollback } from '../restore/find-interrupted.js';
import type { RollbackOptions, RollbackResult } from '../restore/rollback-options.js';
import { findSurplus } from '../snapshot/find-surplus.js';
import type { SnapshotDescription, StoredDescription } from '../snapshot/snapshot-description.js';
import { identityOf } from './container-identity.js';
import { findEnforced, refuseContainer, refuseOptions, refuseTooLarge } from './refuse-replacement.js';
import { findContainer, type NextContainer, type ProgressListener, Replacement } from './replacement.js';
import { type ReplacementEntry, ReplacementJournal } from './replacement-journal.js';
import { longCall, type SnapshotImage, SnapshotImages } from './snapshot-images.js';
import { lineageOf } from './snapshot-name.js';

/** What {@link ReplacementSnapshots} works with. */
export interface ReplacementSnapshotsOptions {
  readonly engine: Engine;
  readonly config: ResolvedRollbackConfig;
  readonly logger: Logger;
  /** Whether a snapshot is in use, and not to be retired. @defaultValue none is */
  readonly isHeld?: (snapshotId: string) => boolean;
  /** Layers that an image has at most; with more, snapshots are made of one layer anew. @defaultValue 64 */
  readonly maxLayers?: number;
}

/** How a snapshot is taken. */
export interface CreateSnapshotOptions extends CallOptions {
  /** @defaultValue 'requested' */
  readonly kind?: StoredDescription['kind'];
  /** Called before others are retired for it. */
  readonly onTaken?: (snapshotId: string) => void;
}

/** Which snapshot; `of` is the container that it has to be of. @defaultValue any */
export interface OfContainer extends CallOptions {
  readonly of?: string;
}

const MAX_LAYERS = 64;

/**
 * Snapshots of containers that Paracle did not make, by `docker commit`, and the way back by replacement: a new container
 * with everything of the old one but its files, its id and the name of its image.
 */
export class ReplacementSnapshots {
  readonly #engine: Engine;
  readonly #config: ResolvedRollbackConfig;
  readonly #logger: Logger;
  readonly #isHeld: (snapshotId: string) => boolean;
  readonly #images: SnapshotImages;
  readonly #journal: ReplacementJournal;

  constructor(options: ReplacementSnapshotsOptions) {
    const { engine, config, logger, isHeld = () => false, maxLayers = MAX_LAYERS } = options;
    this.#engine = engine;
    this.#config = config;
    this.#logger = logger;
    this.#isHeld = isHeld;
    this.#images = new SnapshotImages(engine, maxLayers);
    this.#journal = new ReplacementJournal(engine);
  }

  /**
   * Takes a snapshot of a container's root file system; its programs stand still meanwhile. Resolves with its id.
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_TOO_LARGE`, `PARACLE_ROLLBACK_SNAPSHOT_FAILED`
   */
  async createSnapshot(
    containerId: string,
    { kind = 'requested', onTaken, ...options }: CreateSnapshotOptions = {},
  ): Promise<string> {
    const container = await this.#engine.containers.inspect(containerId, { ...longCall(options), withSize: true });
    refuseTooLarge(container, this.#config);
    const { id } = await this.#take(container, kind, options);
    onTaken?.(id);
    await this.#retire(lineageOf(container), [id], options);
    return id;
  }

  /** All snapshots of a container, the oldest first. */
  async list(containerId: string, options: CallOptions = {}): Promise<readonly SnapshotDescription[]> {
    const lineage = lineageOf(await this.#engine.containers.inspect(containerId, options));
    return (await this.#images.list(lineage, options)).map(({ description }) => description);
  }

  /** Deletes a snapshot, also of a container that is gone. @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND` */
  async delete(snapshotId: string, options: OfContainer = {}): Promise<void> {
    await this.#images.delete(await this.#find(snapshotId, options), options);
  }

  /** Keeps a snapshot whatever the policy says, or no longer. @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND` */
  async pin(snapshotId: string, isPinned: boolean, options: OfContainer = {}): Promise<void> {
    await this.#images.setPin(await this.#find(snapshotId, options), isPinned, options);
  }

  /** Deletes what the policy no longer keeps. Resolves with the ids. */
  async retire(containerId: string, options: CallOptions = {}): Promise<readonly string[]> {
    return this.#retire(lineageOf(await this.#engine.containers.inspect(containerId, options)), [], options);
  }

  /**
   * Replaces a container by one with the files of a snapshot. The signal counts until the old one is touched.
   *
   * @throws RollbackError `PARACLE_ROLLBACK_OPTION_UNSUPPORTED`, `PARACLE_ROLLBACK_CONTAINER_UNSUPPORTED`,
   * `PARACLE_ROLLBACK_NETWORK_UNENFORCED`, `PARACLE_ROLLBACK_BUSY`, `PARACLE_ROLLBACK_SNAPSHOT_TOO_LARGE` or
   * `PARACLE_ROLLBACK_SNAPSHOT_FAILED` before anything is done; `PARACLE_ROLLBACK_REPLACEMENT_FAILED`
   * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`, also where its image was removed
   */
  async rollback(snapshotId: string, containerId: string, options: RollbackOptions = {}): Promise<RollbackResult> {
    refuseOptions(options);
    const { signal, timeoutMs } = options;
    const onProgress: ProgressListener = ({ step }) => options.onProgress?.({ step, pathCount: 0 });
    const limits = { signal, timeoutMs };
    const { old, entry, target } = await this.#plan(snapshotId, containerId, limits);
    const { safetySnapshotId, stands } = await this.#replace(old, entry, { onProgress, ...limits });
    await Promise.all([
      this.#images.releaseBase(entry.lineage),
      this.#retire(entry.lineage, [snapshotId, ...(safetySnapshotId === undefined ? [] : [safetySnapshotId])]),
    ]);
    this.#logger.info({ containerId: stands.id, replacedId: old.id, snapshotId }, 'rolled back');
    return {
      snapshotId,
      containerId: stands.id,
      isDryRun: false,
      ...(safetySnapshotId !== undefined && { safetySnapshotId }),
      removed: [],
      restored: target.description.covered,
      notRestored: [...target.description.notKept, ...findMoved(old, stands)],
    };
  }

  /**
   * Finishes what processes that are dead began, and what this one could not put back: one whose old container had not been
   * set aside is as before, every other is completed, or put back where that fails. Removes images, too, that were kept
   * for containers which are gone. All are tried.
   */
  async recover(
    options: CallOptions & { readonly onProgress?: ProgressListener } = {},
  ): Promise<readonly RecoveredRollback[]> {
    const { onProgress = () => undefined, ...limits } = options;
    const recovered: RecoveredRollback[] = [];
    for (const entry of await this.#journal.listUnfinished(limits)) {
      const outcome = this.#recover(entry, onProgress).catch(
        (error: unknown) => ({ outcome: 'failed', error }) as const,
      );
      recovered.push({ container: entry.name, ...(await outcome) });
    }
    await this.#images.sweepBases(limits);
    return recovered;
  }

  async #find(snapshotId: string, { of, ...options }: OfContainer): Promise<SnapshotImage> {
    const container = of === undefined ? undefined : await this.#engine.containers.inspect(of, options);
    return this.#images.find(snapshotId, container && lineageOf(container), options);
  }

  async #recover(
    entry: ReplacementEntry,
    onProgress: ProgressListener,
  ): Promise<{ readonly outcome: 'completed' | 'undone' | 'gone' }> {
    const replacement = this.#replacementOf(entry, onProgress);
    const [old, next] = await Promise.all([findContainer(this.#engine, entry.containerId), replacement.findNext()]);
    this.#logger.info(
      { ...entry, hasOld: old !== undefined, hasNext: next !== undefined },
      'a replacement is recovered',
    );
    if (old === undefined) {
      await replacement.inherit(next);
      return { outcome: next === undefined ? 'gone' : 'completed' };
    }
    if (old.name === entry.name || next === undefined) {
      await replacement.putBack(next?.id);
      return { outcome: 'undone' };
    }
    try {
      await replacement.complete(old, next);
    } catch (error) {
      if (!hasCode(error, rollbackErrorCodes.replacementFailed) || error.details['isPutBack'] !== true) throw error;
      this.#logger.warn(
        { err: error, name: entry.name },
        'what a dead process began failed: the container is as before',
      );
      return { outcome: 'undone' };
    }
    await this.#images.releaseBase(entry.lineage);
    return { outcome: 'completed' };
  }

  /** Everything that can be refused is, before anything is done. */
  async #plan(
    snapshotId: string,
    containerId: string,
    options: CallOptions,
  ): Promise<{ readonly old: ContainerDescription; readonly entry: ReplacementEntry; readonly target: SnapshotImage }> {
    const [old, all, managed] = await Promise.all([
      this.#engine.containers.inspect(containerId, { ...longCall(options), withSize: true }),
      this.#engine.containers.list({ ...options, all: true }),
      this.#engine.networks.list({ ...options, labels: { [labelKeys.managed]: 'true' } }),
    ]);
    const lineage = lineageOf(old);
    const target = await this.#images.find(snapshotId, lineage, options);
    refuseContainer(old, all);
    refuseTooLarge(old, this.#config);
    const entry = {
      attempt: createId('attempt'),
      lineage,
      name: old.name,
      containerId: old.id,
      reference: target.reference,
      isRunning: old.state.isRunning,
      networks: findEnforced(old, managed, this.#engine),
    };
    return { old, entry, target };
  }

  async #replace(
    old: ContainerDescription,
    entry: ReplacementEntry,
    { onProgress, ...options }: CallOptions & { readonly onProgress: ProgressListener },
  ): Promise<{ readonly safetySnapshotId: string | undefined; readonly stands: ContainerDescription }> {
    const replacement = this.#replacementOf(entry, onProgress);
    onProgress({ step: 'record' });
    await this.#journal.open(entry, options);
    const prepared = await this.#prepare(old, replacement, { onProgress, ...options }).catch(async (error: unknown) => {
      await this.#journal.close(entry);
      throw error;
    });
    const stands = await replacement.complete(old, prepared.next);
    return { stands, safetySnapshotId: prepared.safetySnapshotId };
  }

  async #prepare(
    old: ContainerDescription,
    replacement: Replacement,
    { onProgress, ...options }: CallOptions & { readonly onProgress: ProgressListener },
  ): Promise<{ readonly safetySnapshotId: string | undefined; readonly next: NextContainer }> {
    let safetySnapshotId: string | undefined;
    if (this.#config.policy.backupBeforeRollback) {
      onProgress({ step: 'save' });
      safetySnapshotId = (await this.#take(old, 'safety', options)).id;
    }
    return { safetySnapshotId, next: await replacement.prepare(old, options) };
  }

  async #take(
    container: ContainerDescription,
    kind: StoredDescription['kind'],
    options: CallOptions,
  ): Promise<StoredDescription> {
    const taken = await this.#images.take(container, { lineage: lineageOf(container), kind }, options);
    this.#logger.info({ containerId: container.id, snapshotId: taken.id, kind }, 'snapshot taken');
    return taken;
  }

  async #retire(lineage: string, inUse: readonly string[], options: CallOptions = {}): Promise<readonly string[]> {
    const images = await this.#images.list(lineage, options);
    const ids = findSurplus(
      images.map(({ description }) => description),
      this.#config.policy,
    ).filter((id) => !inUse.includes(id) && !this.#isHeld(id));
    const retired = images.filter(({ description }): boolean => ids.includes(description.id));
    await Promise.all(retired.map(async (image: SnapshotImage) => this.#images.delete(image, options)));
    return ids;
  }

  #replacementOf(entry: ReplacementEntry, onProgress: ProgressListener): Replacement {
    return new Replacement({ engine: this.#engine, journal: this.#journal, logger: this.#logger, onProgress }, entry);
  }
}

/** Where the new container has another address than the old one had, or not the MAC address that was chosen for that one. */
function findMoved(old: ContainerDescription, stands: ContainerDescription): string[] {
  const places = identityOf(stands, []).networks;
  return [...identityOf(old, []).networks].flatMap(([name, { address, macAddress }]) => {
    const place = places.get(name);
    const isMoved = address !== '' && place?.address !== address;
    const isOther = macAddress !== '' && place?.macAddress !== macAddress;
    return [
      ...(isMoved ? [`address ${address} on ${name}`] : []),
      ...(isOther ? [`MAC address ${macAddress} on ${name}`] : []),
    ];
  });
}
