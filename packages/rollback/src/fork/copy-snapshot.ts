import { Readable } from 'node:stream';
import { type CallOptions, type Engine, HOLDS_DIRECTORY, ParacleError, STORE_DIRECTORY } from '@paracle/core';
import { extract, type Pack, pack } from 'tar-stream';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';
import type { StoredDescription } from '../snapshot/snapshot-description.js';
import type { Target } from '../use-sandbox.js';

/** Each reads the whole store of the origin. */
export const COPIES_AT_ONCE = 4;

/** A snapshot, and where what makes it up lies in its sandbox. */
export interface SnapshotSource {
  readonly containerId: string;
  readonly snapshot: StoredDescription;
  readonly paths: readonly string[];
}

/** @throws SnapshotNotFoundError `PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND` */
export async function findSource(snapshotId: string, { containerId, store }: Target): Promise<SnapshotSource> {
  return { containerId, snapshot: await store.describe(snapshotId), paths: await store.pathsOf(snapshotId) };
}

/**
 * Copies a snapshot into the store of another sandbox, from volume to volume: contents are never held as a whole.
 * @throws RollbackError `PARACLE_ROLLBACK_FORK_MISMATCH`, `PARACLE_ROLLBACK_FORK_FAILED` where what the engine sends breaks off
 */
export async function copySnapshot(
  engine: Engine,
  { source, target, signal, timeoutMs }: CallOptions & { readonly source: SnapshotSource; readonly target: Target },
): Promise<void> {
  refuseMismatch(source.snapshot, target);
  const stop = new AbortController();
  const limits = { signal: AbortSignal.any([stop.signal, ...(signal === undefined ? [] : [signal])]), timeoutMs };
  const packed = pack();
  try {
    await Promise.all([
      packSnapshot(packed, source, async (directory) => engine.archive.get(source.containerId, directory, limits)),
      engine.archive.put(target.containerId, STORE_DIRECTORY, Readable.from(packed), limits),
    ]);
  } catch (cause) {
    signal?.throwIfAborted();
    if (ParacleError.isInstance(cause)) throw cause;
    throw new RollbackError(
      rollbackErrorCodes.forkFailed,
      `Snapshot ${source.snapshot.id} could not be copied from container ${source.containerId} to ${target.containerId}`,
      { details: { snapshotId: source.snapshot.id, containerId: target.containerId }, cause },
    );
  } finally {
    stop.abort();
    packed.destroy();
  }
}

async function packSnapshot(
  packed: Pack,
  { paths }: SnapshotSource,
  open: (directory: string) => Promise<Readable>,
): Promise<void> {
  const needed = new Set(paths);
  const directories = new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))));
  packed.entry({ name: toName(HOLDS_DIRECTORY), type: 'directory', mode: 0o700 });
  for (const directory of directories) {
    packed.entry({ name: toName(directory), type: 'directory', mode: 0o700 });
    await copyFiles(await open(directory), { directory, needed, packed });
  }
  packed.finalize();
}

async function copyFiles(
  archive: Readable,
  {
    directory,
    needed,
    packed,
  }: { readonly directory: string; readonly needed: ReadonlySet<string>; readonly packed: Pack },
): Promise<void> {
  const unpacked = archive.pipe(extract());
  archive.on('error', (error) => unpacked.destroy(error));
  for await (const entry of unpacked) {
    const { name, size, type } = entry.header;
    const path = `${directory}/${name.slice(name.indexOf('/') + 1)}`;
    if (type !== 'file' || !needed.has(path)) {
      entry.resume();
      continue;
    }
    await new Promise<void>((resolve, reject) => {
      const onPacked = (error?: Error | null): void => (error instanceof Error ? reject(error) : resolve());
      entry.on('error', reject);
      entry.pipe(packed.entry({ name: toName(path), mode: 0o600, size }, onPacked));
    });
  }
}

/** Relative to the store. */
function toName(path: string): string {
  return path.slice(STORE_DIRECTORY.length + 1);
}

function refuseMismatch(snapshot: StoredDescription, { imageId, roots, containerId }: Target): void {
  const isSameKind = snapshot.imageId === imageId && JSON.stringify(snapshot.covered) === JSON.stringify(roots);
  if (isSameKind) return;
  throw new RollbackError(
    rollbackErrorCodes.forkMismatch,
    `A fork of ${snapshot.id} needs the image ${snapshot.imageId} and file systems at ${snapshot.covered.join(', ')}; container ${containerId} has the image ${imageId} and file systems at ${roots.join(', ')}`,
    {
      details: { snapshotId: snapshot.id, containerId, imageId, roots },
      suggestion: 'Make the fork with the configuration of the sandbox that the snapshot is of.',
    },
  );
}
