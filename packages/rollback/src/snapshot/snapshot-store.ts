import { createHash } from 'node:crypto';
import {
  type CallOptions,
  coreErrorCodes,
  type FileEntry,
  FileService,
  hasCode,
  STORE_DIRECTORY,
  type SupervisorConnection,
} from '@paracle/core';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError, SnapshotNotFoundError } from '../errors/rollback-errors.js';
import { decodeManifest, encodeManifest, type Manifest } from './manifest.js';
import { isSnapshotId, parseSnapshotDescription, type SnapshotDescription } from './snapshot-description.js';

const DIRECTORY = `${STORE_DIRECTORY}/snapshots`;
const OBJECTS = `${STORE_DIRECTORY}/objects`;
/** A line of a manifest takes about 250 bytes: more paths than a walk may find. */
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;
/** Of all descriptions together; one takes about 400 bytes and a line for each mount and socket. */
const MAX_DESCRIPTIONS_BYTES = 16 * 1024 * 1024;

/**
 * The snapshots of one sandbox, kept on its store volume, where every process finds them. Only root of the sandbox can
 * write there; still, what is read is checked and bounded, and says nothing about anything outside that sandbox.
 */
export class SnapshotStore {
  readonly #files: FileService;

  constructor(files: FileService) {
    this.#files = files;
  }

  /** Opens a file service as root for the work on one sandbox. */
  static async use<Result>(
    connection: SupervisorConnection,
    work: (store: SnapshotStore, files: FileService) => Promise<Result>,
    { signal, timeoutMs }: CallOptions = {},
  ): Promise<Result> {
    await using files = FileService.open(connection, 'root', { signal, timeoutMs });
    return await work(new SnapshotStore(files), files);
  }

  /**
   * Keeps a snapshot; it exists once this resolves.
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_TOO_LARGE` with more paths than could be read again
   */
  async write(description: SnapshotDescription, manifest: Manifest): Promise<void> {
    const encoded = encodeManifest(manifest);
    if (encoded.length > MAX_MANIFEST_BYTES) {
      throw new RollbackError(
        rollbackErrorCodes.snapshotTooLarge,
        `The snapshot's manifest of ${manifest.size} paths takes ${encoded.length} bytes, at most ${MAX_MANIFEST_BYTES} are allowed`,
        { details: { pathCount: manifest.size, sizeBytes: encoded.length, maxBytes: MAX_MANIFEST_BYTES } },
      );
    }
    await this.#files.makeDirectory(DIRECTORY, { mode: 0o700 });
    await this.#files.write(`${DIRECTORY}/${description.id}.manifest`, encoded, { mode: 0o600 });
    await this.#files.write(`${DIRECTORY}/${description.id}.json`, Buffer.from(JSON.stringify(description)), {
      mode: 0o600,
    });
  }

  /** All snapshots, the oldest first. */
  async list(): Promise<SnapshotDescription[]> {
    const { entries } = await this.#walkIfThere(DIRECTORY);
    const descriptions: SnapshotDescription[] = [];
    let leftBytes = MAX_DESCRIPTIONS_BYTES;
    for (const path of entries.map((entry) => entry.path.toString()).filter((name) => name.endsWith('.json'))) {
      const text = await this.#files.read(path, leftBytes);
      leftBytes -= text.length;
      descriptions.push(parseOrDamaged(`The description ${path}`, () => parseSnapshotDescription(text.toString())));
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
    const bytes = await this.#files.read(`${DIRECTORY}/${snapshotId}.manifest`, MAX_MANIFEST_BYTES);
    return parseOrDamaged(`The manifest of snapshot ${snapshotId}`, () => decodeManifest(bytes));
  }

  /**
   * Contents by digest.
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_DAMAGED` where they have another
   */
  async readContents(digest: string, maxBytes: number): Promise<Buffer> {
    const contents = await this.#files.read(`${OBJECTS}/${digest.replace(/^sha256:/u, '')}`, maxBytes);
    if (`sha256:${createHash('sha256').update(contents).digest('hex')}` === digest) return contents;
    throw new RollbackError(rollbackErrorCodes.snapshotDamaged, `The store has other contents for ${digest}`, {
      details: { digest },
    });
  }

  /** Deletes snapshots, then contents that no other needs. */
  async delete(snapshotIds: readonly string[]): Promise<void> {
    if (snapshotIds.length === 0) return;
    for (const id of snapshotIds) {
      await this.#files.remove(`${DIRECTORY}/${id}.json`);
      await this.#files.remove(`${DIRECTORY}/${id}.manifest`);
    }
    const needed = new Set<string>();
    for (const { id } of await this.list()) {
      for (const { digest } of (await this.readManifest(id)).values()) if (digest !== undefined) needed.add(digest);
    }
    const { entries } = await this.#walkIfThere(OBJECTS);
    const unneeded = entries.filter(
      ({ type, path }) => type === 'file' && !needed.has(`sha256:${path.toString().slice(OBJECTS.length + 1)}`),
    );
    await Promise.all(unneeded.map(async ({ path }) => this.#files.remove(path)));
  }

  /** A store that was never written to has no directories yet; any other failure is one. */
  async #walkIfThere(path: string): Promise<{ readonly entries: readonly FileEntry[] }> {
    try {
      return await this.#files.walk(path);
    } catch (error) {
      if (hasCode(error, coreErrorCodes.fileOperation) && error.details['errno'] === 'ENOENT') return { entries: [] };
      throw error;
    }
  }
}

function parseOrDamaged<Result>(what: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (cause) {
    throw new RollbackError(rollbackErrorCodes.snapshotDamaged, `${what} can't be read`, { cause });
  }
}
