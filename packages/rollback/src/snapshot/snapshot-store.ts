import {
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
import { parseSnapshotDescription, type SnapshotDescription } from './snapshot-description.js';

const DIRECTORY = `${STORE_DIRECTORY}/snapshots`;
const OBJECTS = `${STORE_DIRECTORY}/objects`;
const ID = /^snap_[0-9a-z]{26}$/u;

/** The snapshots of one sandbox, kept on its store volume, where every process finds them. */
export class SnapshotStore {
  readonly #files: FileService;

  constructor(files: FileService) {
    this.#files = files;
  }

  /** Opens a file service as root for the work on one sandbox. */
  static async use<Result>(
    connection: SupervisorConnection,
    work: (store: SnapshotStore, files: FileService) => Promise<Result>,
  ): Promise<Result> {
    await using files = FileService.open(connection, 'root');
    return await work(new SnapshotStore(files), files);
  }

  /** Keeps a snapshot; it exists once this resolves. */
  async write(description: SnapshotDescription, manifest: Manifest): Promise<void> {
    await this.#files.makeDirectory(DIRECTORY, { mode: 0o700 });
    await this.#files.write(`${DIRECTORY}/${description.id}.manifest`, encodeManifest(manifest), { mode: 0o600 });
    await this.#files.write(`${DIRECTORY}/${description.id}.json`, Buffer.from(JSON.stringify(description)), {
      mode: 0o600,
    });
  }

  /** All snapshots, the oldest first. */
  async list(): Promise<SnapshotDescription[]> {
    const { entries } = await this.#walkIfThere(DIRECTORY);
    const paths = entries.map(({ path }) => path.toString()).filter((path) => path.endsWith('.json'));
    const descriptions = await Promise.all(
      paths.map(async (path) => parseSnapshotDescription((await this.#read(path)).toString())),
    );
    return descriptions.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND` */
  async describe(snapshotId: string): Promise<SnapshotDescription> {
    const found = ID.test(snapshotId) ? (await this.list()).find(({ id }) => id === snapshotId) : undefined;
    if (found === undefined) throw new SnapshotNotFoundError(snapshotId);
    return found;
  }

  /**
   * @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND`
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_DAMAGED`
   */
  async readManifest(snapshotId: string): Promise<Manifest> {
    await this.describe(snapshotId);
    try {
      return decodeManifest(await this.#read(`${DIRECTORY}/${snapshotId}.manifest`));
    } catch (cause) {
      throw new RollbackError(
        rollbackErrorCodes.snapshotDamaged,
        `The manifest of snapshot ${snapshotId} can't be read`,
        {
          details: { snapshotId },
          cause,
        },
      );
    }
  }

  /** Contents by digest. */
  async readContents(digest: string): Promise<Buffer> {
    return this.#read(`${OBJECTS}/${digest.replace(/^sha256:/u, '')}`);
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

  async #read(path: string): Promise<Buffer> {
    const pieces: Buffer[] = [];
    await this.#files.read(path, (piece) => {
      pieces.push(Buffer.from(piece));
    });
    return Buffer.concat(pieces);
  }
}
