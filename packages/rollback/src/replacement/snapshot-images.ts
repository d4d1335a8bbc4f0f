import {
  type CallOptions,
  type ContainerDescription,
  coreErrorCodes,
  type Engine,
  hasCode,
  ownerLabels,
} from '@paracle/core';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError, SnapshotNotFoundError } from '../errors/rollback-errors.js';
import {
  isSnapshotId,
  parseSnapshotDescription,
  type SnapshotDescription,
  type StoredDescription,
} from '../snapshot/snapshot-description.js';
import { describeCommit } from './describe-commit.js';
import { allOf, anyWith, lineageIn, lineageOfBase, toBase, toPin, toReference } from './snapshot-name.js';

/** A snapshot, whose it is, and the name of its image. */
export interface SnapshotImage {
  readonly lineage: string;
  readonly description: SnapshotDescription;
  readonly reference: string;
}

const LONG_CALL_MS = 600_000;

/** Calls that take the longer the more there is have ten minutes unless told otherwise, as inside a sandbox. */
export function longCall({ signal, timeoutMs = LONG_CALL_MS }: CallOptions): CallOptions {
  return { signal, timeoutMs };
}

/** The snapshots of containers that Paracle did not make: images, so that every process sees the same list. */
export class SnapshotImages {
  readonly #engine: Engine;
  readonly #maxLayers: number;

  /** An image that would get this many layers becomes one of a single layer. Engines can't stack more than 125. */
  constructor(engine: Engine, maxLayers: number) {
    this.#engine = engine;
    this.#maxLayers = maxLayers;
  }

  /**
   * Commits a container. It exists once this resolves, and where this rejects there is nothing.
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_FAILED` where the engine can't, because its disk is full for example
   */
  async take(
    container: ContainerDescription,
    { lineage, kind }: { readonly lineage: string; readonly kind: StoredDescription['kind'] },
    options: CallOptions = {},
  ): Promise<StoredDescription> {
    const description = describeCommit(container, kind);
    const reference = toReference(lineage, description.id);
    const image = { reference, comment: JSON.stringify(description) };
    try {
      const [, layerCount] = await Promise.all([
        this.#engine.containers.commit(container.id, image, longCall(options)),
        this.#countLayers(container.imageId, options),
      ]);
      if (layerCount + 1 >= this.#maxLayers) await this.#flatten(image, lineage, options);
      return description;
    } catch (error) {
      await this.#engine.images.remove(reference).catch(() => undefined);
      throw hasCode(error, coreErrorCodes.engineResponse) ? snapshotFailed(container.id, error) : error;
    }
  }

  /** All snapshots of a container, the oldest first. */
  async list(lineage: string, options: CallOptions = {}): Promise<readonly SnapshotImage[]> {
    return this.#list(allOf(lineage), options);
  }

  /** @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND` if it is none of these containers */
  async find(snapshotId: string, lineage?: string, options: CallOptions = {}): Promise<SnapshotImage> {
    if (!isSnapshotId(snapshotId)) throw new SnapshotNotFoundError(snapshotId);
    const pattern = lineage === undefined ? anyWith(snapshotId) : toReference(lineage, snapshotId);
    const [found] = await this.#list(pattern, options);
    if (found === undefined) throw new SnapshotNotFoundError(snapshotId);
    return found;
  }

  /** An image that a container was made from stays until that is replaced, without being a snapshot. */
  async delete({ reference, lineage }: SnapshotImage, options: CallOptions = {}): Promise<void> {
    await this.#engine.images.remove(toPin(reference), options);
    try {
      await this.#engine.images.remove(reference, options);
    } catch (error) {
      if (!hasCode(error, coreErrorCodes.engineConflict)) throw error;
      await this.#engine.images.tag(reference, toBase(lineage), options);
      await this.#engine.images.remove(reference, options);
    }
  }

  async setPin({ reference }: SnapshotImage, isPinned: boolean, options: CallOptions = {}): Promise<void> {
    if (isPinned) await this.#engine.images.tag(reference, toPin(reference), options);
    else await this.#engine.images.remove(toPin(reference), options);
  }

  /** Removes the image that {@link delete} kept for a container that is replaced now. */
  async releaseBase(lineage: string, options: CallOptions = {}): Promise<void> {
    try {
      await this.#engine.images.remove(toBase(lineage), options);
    } catch (error) {
      // Another container uses it, which somebody made from it by hand.
      if (!hasCode(error, coreErrorCodes.engineConflict)) throw error;
    }
  }

  /** Removes such images of containers that nobody replaces any more, because they were removed. */
  async sweepBases(options: CallOptions = {}): Promise<void> {
    const images = await this.#engine.images.list({ ...options, reference: toBase('*') });
    const lineages = images.flatMap(({ tags }) => tags).flatMap((tag) => lineageOfBase(tag) ?? []);
    await Promise.all(lineages.map(async (lineage) => this.releaseBase(lineage, options)));
  }

  async #list(pattern: string, options: CallOptions): Promise<readonly SnapshotImage[]> {
    const images = await this.#engine.images.list({ ...options, reference: pattern });
    const names = new Set(images.flatMap(({ tags }) => tags));
    const found = await Promise.all([...names].map(async (name) => this.#read(name, options)));
    return found.flat().sort((a, b) => (a.description.id < b.description.id ? -1 : 1));
  }

  /** None where another process has just deleted it. */
  async #read(reference: string, options: CallOptions): Promise<readonly SnapshotImage[]> {
    const lineage = lineageIn(reference);
    if (lineage === undefined) return [];
    try {
      const { comment, tags } = await this.#engine.images.inspect(reference, options);
      const isPinned = tags.includes(toPin(reference));
      return [{ lineage, reference, description: { ...parseOrDamaged(reference, comment), isPinned } }];
    } catch (error) {
      if (hasCode(error, coreErrorCodes.engineImageNotFound)) return [];
      throw error;
    }
  }

  async #countLayers(imageId: string, options: CallOptions): Promise<number> {
    try {
      return (await this.#engine.images.inspect(imageId, options)).layers.length;
    } catch (error) {
      if (hasCode(error, coreErrorCodes.engineImageNotFound)) return 0;
      throw error;
    }
  }

  /**
   * Takes all files of a snapshot's image into an image of one layer, which takes its name. That has no config: a
   * container gets all of its own when it is replaced.
   */
  async #flatten(
    image: { readonly reference: string; readonly comment: string },
    lineage: string,
    options: CallOptions,
  ): Promise<void> {
    const { containers, images } = this.#engine;
    const limit = longCall(options);
    const body = { Image: image.reference, Cmd: ['none'], Labels: ownerLabels({ purpose: 'snapshot' }) };
    const { id } = await containers.create({ body: { ...body, HostConfig: { NetworkMode: 'none' } } }, options);
    // A name for the image of many layers, so that one which a crash leaves is removed when the next takes its place.
    const spare = `${toBase(lineage)}.spare`;
    await images.remove(spare, options);
    await images.tag(image.reference, spare, options);
    try {
      await images.import(await containers.export(id, limit), { ...image, ...limit });
    } finally {
      await containers.remove(id, { force: true, volumes: true });
      await images.remove(spare);
    }
  }
}

function parseOrDamaged(reference: string, comment: string): StoredDescription {
  try {
    return parseSnapshotDescription(comment);
  } catch (cause) {
    throw new RollbackError(
      rollbackErrorCodes.snapshotDamaged,
      `The image ${reference} is named like a snapshot, and its comment does not describe one`,
      { details: { reference }, cause },
    );
  }
}

function snapshotFailed(containerId: string, cause: unknown): RollbackError {
  return new RollbackError(
    rollbackErrorCodes.snapshotFailed,
    `The engine could not commit container ${containerId}; no snapshot was made`,
    { details: { containerId }, suggestion: 'The cause has its words; where its disk is full, make room.', cause },
  );
}
