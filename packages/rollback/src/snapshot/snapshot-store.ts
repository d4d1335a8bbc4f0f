import {
  type CallOptions,
  coreErrorCodes,
  decodeRecord,
  type FileListing,
  FileService,
  HOLDS_DIRECTORY,
  hasCode,
  type ParacleErrorOptions,
  STORE_DIRECTORY,
  type SupervisorConnection,
} from '@paracle/core';
import { digestContents } from '../diff/digest-contents.js';
import type { Digest } from '../diff/file-change.js';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError, SnapshotNotFoundError } from '../errors/rollback-errors.js';
import { inBatches } from '../restore/in-batches.js';
import { addUp, type SnapshotDiskUsage } from './disk-usage.js';
import { display, type Manifest, toPath } from './manifest.js';
import { add, decodeManifest, encodeManifest, subtract } from './manifest-codec.js';
import {
  isSnapshotId,
  parseSnapshotDescription,
  type SnapshotDescription,
  type StoredDescription,
} from './snapshot-description.js';
import { type Base, StoreCache } from './store-cache.js';

const DIRECTORY = `${STORE_DIRECTORY}/snapshots`;
const OBJECTS = `${STORE_DIRECTORY}/objects`;
const DESCRIPTION_SUFFIX = '.json';
/** As much as a walk may answer with, and what is kept of it. */
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;
/** Of all descriptions together; one takes about 400 bytes and a line for each mount and socket. */
const MAX_DESCRIPTIONS_BYTES = 16 * 1024 * 1024;

/** A manifest that is written as the difference to another has to be smaller than this share of it. */
const WORTHWHILE_SHARE = 0.25;
const NO_DIFFERENCE = { removed: [], records: new Map(), kept: new Map() };

/**
 * The snapshots of one sandbox, kept on its store volume, where every process finds them. Only root of the sandbox can
 * write there; still, what is read is checked and bounded, and says nothing about anything outside that sandbox.
 */
export class SnapshotStore {
  readonly #files: FileService;
  readonly #cache: StoreCache;

  constructor(files: FileService, cache: StoreCache) {
    this.#files = files;
    this.#cache = cache;
  }

  /** Opens a file service as root for the work on one sandbox. */
  static async use<Result>(
    connection: SupervisorConnection,
    work: (store: SnapshotStore, files: FileService) => Promise<Result>,
    { signal, timeoutMs }: CallOptions = {},
  ): Promise<Result> {
    await using files = FileService.open(connection, 'root', { signal, timeoutMs });
    return await work(new SnapshotStore(files, StoreCache.of(connection)), files);
  }

  /**
   * Keeps a snapshot; it exists once this resolves.
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_TOO_LARGE` with more paths than could be read again
   */
  async write(description: StoredDescription, manifest: Manifest): Promise<void> {
    for (const path of [DIRECTORY, OBJECTS, HOLDS_DIRECTORY]) await this.#files.makeDirectory(path, { mode: 0o700 });
    const { id } = description;
    const { encoded, base } = await this.#encode(manifest);
    await this.#files.write(toManifestPath(id), encoded, { mode: 0o600 });
    await this.#files.write(toDescriptionPath(id), Buffer.from(JSON.stringify(description)), { mode: 0o600 });
    this.#cache.addManifest(id, manifest, neededBy(manifest, base));
  }

  /** As the difference to the base of the snapshot before, or to a new base where that would be no saving. */
  async #encode(manifest: Manifest): Promise<{ readonly encoded: Buffer; readonly base: Digest }> {
    const { base } = this.#cache;
    if (base !== undefined && (await this.#files.stat(toObject(base.digest)).catch(unlessMissing)) !== undefined) {
      const encoded = encodeManifest(subtract(manifest, base.manifest), base.digest);
      if (encoded.length < base.sizeBytes * WORTHWHILE_SHARE) return { encoded, base: base.digest };
    }
    const whole = encodeManifest({ ...manifest, removed: [] });
    refuseUnreadable(whole.length, manifest);
    const digest = digestContents(whole);
    await this.#files.write(toObject(digest), whole, { mode: 0o600 });
    this.#cache.base = { digest, manifest, sizeBytes: whole.length };
    return { encoded: encodeManifest(NO_DIFFERENCE, digest), base: digest };
  }

  /** All snapshots, the oldest first. */
  async list(): Promise<SnapshotDescription[]> {
    const [{ records }, holds] = await Promise.all([this.#listIfThere(DIRECTORY), this.#listIfThere(HOLDS_DIRECTORY)]);
    const descriptions: SnapshotDescription[] = [];
    let leftBytes = MAX_DESCRIPTIONS_BYTES;
    const ids = [...records.keys()].flatMap((path) => toSnapshotId(path) ?? []);
    this.#cache.keep(new Set(ids));
    for (const id of ids) {
      const known = this.#cache.describe(id);
      const text =
        known === undefined ? await this.#files.read(toDescriptionPath(id), leftBytes).catch(unlessMissing) : '';
      // Another process has just deleted it.
      if (text === undefined) continue;
      leftBytes -= text.length;
      const what = `The description of snapshot ${id}`;
      const description = known ?? parseOrDamaged(what, () => parseSnapshotDescription(text.toString()));
      this.#cache.addDescription(id, description);
      descriptions.push({ ...description, isPinned: holds.records.has(toPinPath(id)) });
    }
    return descriptions.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND` */
  async describe(snapshotId: string): Promise<SnapshotDescription> {
    const found = isSnapshotId(snapshotId) ? (await this.list()).find(({ id }) => id === snapshotId) : undefined;
    if (found === undefined) throw new SnapshotNotFoundError(snapshotId);
    return found;
  }

  /**
   * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_DAMAGED`
   */
  async readManifest(snapshotId: string): Promise<Manifest> {
    await this.describe(snapshotId);
    return this.#read(snapshotId);
  }

  /** The manifest of the newest snapshot. */
  async readLatest(): Promise<Manifest | undefined> {
    const latest = (await this.list()).at(-1);
    return latest === undefined ? undefined : this.#read(latest.id);
  }

  /**
   * Contents by digest.
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_DAMAGED` where they have another
   */
  async readContents(digest: Digest, maxBytes: number): Promise<Buffer> {
    const contents = await this.#files.read(toObject(digest), maxBytes).catch(unlessMissing);
    if (contents !== undefined && digestContents(contents) === digest) return contents;
    throw new RollbackError(rollbackErrorCodes.snapshotDamaged, `The store has not the contents of ${digest}`, {
      details: { digest },
    });
  }

  /**
   * Checks contents before anything is done for which they are needed.
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_DAMAGED` where some are gone or are not what they were
   */
  async requireIntact(
    entries: readonly { readonly path: string; readonly digest?: Digest | undefined }[],
  ): Promise<void> {
    const found = await inBatches(entries, async ({ path, digest }) => {
      const isIntact =
        digest === undefined || (await this.#files.hash(toObject(digest)).catch(unlessMissing)) === digest;
      return isIntact ? [] : [display(path)];
    });
    const paths = found.flat();
    if (paths.length > 0)
      throw damaged(`What the snapshot has of ${paths.slice(0, 5).join(', ')}`, { details: { paths } });
  }

  /** Deletes snapshots, and what no other needs. */
  async delete(snapshotIds: readonly string[]): Promise<void> {
    if (snapshotIds.length === 0) return;
    const released = await this.#neededBy(snapshotIds);
    for (const path of snapshotIds.flatMap(toOwnPaths)) await this.#files.remove(path);
    if (released === undefined) await this.collect();
    else await this.#removeUnneeded(released);
  }

  /** Removes what no snapshot needs, such as the parts of one that was never finished. */
  async collect(): Promise<void> {
    const listings = await Promise.all([DIRECTORY, OBJECTS].map(async (path) => this.#listIfThere(path)));
    await this.#removeUnneeded(listings.flatMap(({ records }) => [...records.keys()].slice(1)));
  }

  async #removeUnneeded(paths: Iterable<string>): Promise<void> {
    const ids = (await this.list()).map(({ id }) => id);
    const needed = await this.#neededBy(ids);
    // Nobody knows what a damaged snapshot needs.
    if (needed === undefined) return;
    for (const path of ids.flatMap(toOwnPaths)) needed.add(path);
    await inBatches(
      [...paths].filter((path) => !needed.has(path)),
      async (path) => this.#files.remove(toPath(path)),
    );
  }

  /** Contents that snapshots need; undefined where that can't be read. */
  async #neededBy(snapshotIds: readonly string[]): Promise<Set<string> | undefined> {
    const needed = new Set<string>();
    try {
      for (const id of snapshotIds) for (const path of await this.#needs(id)) needed.add(path);
      return needed;
    } catch (error) {
      if (!hasCode(error, rollbackErrorCodes.snapshotDamaged)) throw error;
      return undefined;
    }
  }

  /** Pins a snapshot, or undoes that. */
  async setPin(snapshotId: string, isPinned: boolean): Promise<void> {
    if (isPinned) await this.#files.write(toPinPath(snapshotId), Buffer.alloc(0), { mode: 0o600 });
    else await this.#files.remove(toPinPath(snapshotId));
  }

  async measure(): Promise<SnapshotDiskUsage> {
    const listings = await Promise.all([DIRECTORY, OBJECTS].map(async (path) => this.#listIfThere(path)));
    const records = listings.flatMap(({ records: found }) => [...found]);
    const sizes = new Map(records.map(([path, record]) => [path, decodeRecord(record).allocatedBytes]));
    const needs = new Map<string, readonly string[]>();
    for (const { id } of await this.list()) needs.set(id, [...toOwnPaths(id), ...new Set(await this.#needs(id))]);
    return addUp(needs, sizes);
  }

  /** Everything in the store that makes up a snapshot. */
  async pathsOf(snapshotId: string): Promise<readonly string[]> {
    const needs = await this.#needs(snapshotId);
    return [toDescriptionPath(snapshotId), toManifestPath(snapshotId), ...new Set(needs)];
  }

  /** What this process remembers of the store is not asked. */
  forget(): void {
    this.#cache.clear();
  }

  async #needs(snapshotId: string): Promise<readonly string[]> {
    if (this.#cache.needs(snapshotId) === undefined) await this.#read(snapshotId);
    return this.#cache.needs(snapshotId) ?? [];
  }

  async #read(snapshotId: string): Promise<Manifest> {
    const known = this.#cache.manifest(snapshotId);
    if (known !== undefined) return known;
    const bytes = await this.#files.read(toManifestPath(snapshotId), MAX_MANIFEST_BYTES).catch(unlessMissing);
    const what = `The manifest of snapshot ${snapshotId}`;
    if (bytes === undefined) throw damaged(what);
    const { base, delta } = parseOrDamaged(what, () => decodeManifest(bytes));
    if (base === undefined) throw damaged(what);
    const manifest = add((await this.#readBase(base)).manifest, delta);
    this.#cache.addManifest(snapshotId, manifest, neededBy(manifest, base));
    return manifest;
  }

  async #readBase(digest: Digest): Promise<Base> {
    if (this.#cache.base?.digest === digest) return this.#cache.base;
    const bytes = await this.readContents(digest, MAX_MANIFEST_BYTES);
    const { delta } = parseOrDamaged('The base of a manifest', () => decodeManifest(bytes));
    const base = { digest, manifest: delta, sizeBytes: bytes.length };
    this.#cache.base = base;
    return base;
  }

  /** A store that was never written to has no directories yet. */
  async #listIfThere(path: string): Promise<Pick<FileListing, 'records'>> {
    return (await this.#files.list(path).catch(unlessMissing)) ?? { records: new Map() };
  }
}

function unlessMissing(error: unknown): undefined {
  if (!hasCode(error, coreErrorCodes.fileOperation) || error.details['errno'] !== 'ENOENT') throw error;
}

function refuseUnreadable(sizeBytes: number, { records }: Manifest): void {
  if (sizeBytes <= MAX_MANIFEST_BYTES) return;
  throw new RollbackError(
    rollbackErrorCodes.snapshotTooLarge,
    `The snapshot's manifest of ${records.size} paths takes ${sizeBytes} bytes, at most ${MAX_MANIFEST_BYTES} are allowed`,
    { details: { pathCount: records.size, sizeBytes, maxBytes: MAX_MANIFEST_BYTES } },
  );
}

function parseOrDamaged<Result>(what: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (cause) {
    throw damaged(what, { cause });
  }
}

function damaged(what: string, options: ParacleErrorOptions = {}): RollbackError {
  return new RollbackError(rollbackErrorCodes.snapshotDamaged, `${what} can't be read or is damaged`, options);
}

/** What a snapshot refers to in the store. */
function neededBy({ kept }: Manifest, base: Digest): string[] {
  const digests = [...kept.values()].flatMap(({ digest }) => digest ?? []);
  return [base, ...digests].map(toObject);
}

function toManifestPath(snapshotId: string): string {
  return `${DIRECTORY}/${snapshotId}.manifest`;
}

function toDescriptionPath(snapshotId: string): string {
  return `${DIRECTORY}/${snapshotId}${DESCRIPTION_SUFFIX}`;
}

function toPinPath(snapshotId: string): string {
  return `${HOLDS_DIRECTORY}/${snapshotId}.pin`;
}

/** What goes with a snapshot; its pin first, which nobody could undo any more; without its description there is none. */
function toOwnPaths(snapshotId: string): string[] {
  return [toPinPath(snapshotId), toDescriptionPath(snapshotId), toManifestPath(snapshotId)];
}

function toSnapshotId(descriptionPath: string): string | undefined {
  const name = descriptionPath.slice(DIRECTORY.length + 1);
  const id = name.slice(0, -DESCRIPTION_SUFFIX.length);
  return name.endsWith(DESCRIPTION_SUFFIX) && isSnapshotId(id) ? id : undefined;
}

function toObject(digest: Digest): string {
  return `${OBJECTS}/${digest.slice('sha256:'.length)}`;
}
