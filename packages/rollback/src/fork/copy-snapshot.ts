import { Readable } from 'node:stream';
import { type Engine, HOLDS_DIRECTORY, STORE_DIRECTORY } from '@paracle/core';
import { extract, type Pack, pack } from 'tar-stream';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';
import type { StoredDescription } from '../snapshot/snapshot-description.js';
import type { Target } from '../use-sandbox.js';

/**
 * Copies a snapshot into the store of another sandbox, from volume to volume: contents are never held as a whole.
 * @throws RollbackError `PARACLE_ROLLBACK_FORK_MISMATCH`
 */
export async function copySnapshot(
  engine: Engine,
  snapshotId: string,
  { source, target }: { readonly source: Target; readonly target: Target },
): Promise<void> {
  refuseMismatch(await source.store.describe(snapshotId), target);
  const needed = new Set(await source.store.pathsOf(snapshotId));
  const directories = new Set([...needed].map((path) => path.slice(0, path.lastIndexOf('/'))));
  const packed = pack();
  packed.entry({ name: toName(HOLDS_DIRECTORY), type: 'directory', mode: 0o700 });
  const stop = new AbortController();
  const fill = async (): Promise<void> => {
    for (const directory of directories) {
      packed.entry({ name: toName(directory), type: 'directory', mode: 0o700 });
      const archive = await engine.archive.get(source.containerId, directory, { signal: stop.signal });
      await copyFiles(archive, { directory, needed, packed });
    }
    packed.finalize();
  };
  try {
    await Promise.all([fill(), engine.archive.put(target.containerId, STORE_DIRECTORY, Readable.from(packed))]);
  } finally {
    stop.abort();
    packed.destroy();
  }
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
