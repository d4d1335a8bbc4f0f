import type { FileService } from '@paracle/core';
import type { ManifestEntry } from '../snapshot/manifest.js';
import { display, toPath } from '../snapshot/take-snapshot.js';
import { inBatches } from './in-batches.js';
import type { RollbackPlan } from './plan-rollback.js';
import type { PristineFiles } from './pristine-files.js';

function attributesOf(entry: ManifestEntry): {
  mode: number;
  owner: { uid: number; gid: number };
  modifiedNs: bigint;
} {
  return { mode: entry.mode, owner: { uid: entry.uid, gid: entry.gid }, modifiedNs: entry.modifiedNs };
}

/** Carries a plan out. Each step can be repeated, so a rollback that failed half way can be run again. */
export async function applyPlan(
  plan: RollbackPlan,
  sources: { readonly files: FileService; readonly pristine: PristineFiles },
): Promise<void> {
  const { files } = sources;
  await inBatches(plan.remove, async (path) => files.remove(toPath(path)));
  for (const directory of plan.directories) await files.makeDirectory(toPath(directory.path), attributesOf(directory));
  await inBatches(plan.files, async (file) => restoreFile(file, sources));
  for (const link of plan.symlinks) {
    await files.remove(toPath(link.path));
    await files.makeSymlink(toPath(link.path), toPath(link.target ?? ''), attributesOf(link));
  }
  for (const directory of plan.touched) await files.setAttributes(toPath(directory.path), attributesOf(directory));
}

async function restoreFile(
  file: ManifestEntry,
  { files, pristine }: { readonly files: FileService; readonly pristine: PristineFiles },
): Promise<void> {
  const path = toPath(file.path);
  if (file.digest !== undefined) await files.restore(file.digest, path, attributesOf(file));
  else await files.write(path, await pristine.read(display(file.path)), attributesOf(file));
}
