import type { FileService } from '@paracle/core';
import type { PristineFiles } from '../restore/pristine-files.js';
import { listFileSystems } from '../snapshot/list-file-systems.js';
import type { SnapshotStore } from '../snapshot/snapshot-store.js';
import { type DiffOptions, diffManifests, inSandbox, inSnapshot } from './diff-snapshot.js';
import type { FileChange } from './file-change.js';

interface DiffSources {
  readonly store: SnapshotStore;
  readonly files: FileService;
  readonly roots: readonly string[];
  readonly pristine: PristineFiles;
}

/** Lists what a snapshot is compared with; the changes are found as they are asked for, from the same sources. */
export async function openDiff(
  snapshotId: string,
  { store, files, roots, pristine }: DiffSources,
  options: DiffOptions,
): Promise<AsyncIterable<FileChange>> {
  const before = { manifest: await store.readManifest(snapshotId), find: inSnapshot(pristine) };
  const after =
    options.to === undefined
      ? {
          manifest: { records: (await listFileSystems(files, roots)).records, kept: new Map() },
          find: inSandbox(files),
        }
      : { manifest: await store.readManifest(options.to), find: inSnapshot(pristine) };
  return diffManifests(before, after, options);
}
