import type { FileAttributes, FileService } from '@paracle/core';
import { type ManifestEntry, toPath } from '../snapshot/manifest.js';
import { inBatches } from './in-batches.js';
import type { RollbackPlan } from './plan-rollback.js';
import type { PristineFiles } from './pristine-files.js';

function attributesOf({ mode, uid, gid, modifiedNs }: ManifestEntry): FileAttributes {
  return { mode, owner: { uid, gid }, modifiedNs };
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
  await inBatches(plan.linked, async ({ path, existing }) => files.makeLink(toPath(path), toPath(existing)));
  for (const link of plan.symlinks) {
    await files.remove(toPath(link.path));
    await files.makeSymlink(toPath(link.path), toPath(link.target ?? ''), attributesOf(link));
  }
  for (const fifo of plan.fifos) {
    await files.remove(toPath(fifo.path));
    await files.makeFifo(toPath(fifo.path), attributesOf(fifo));
  }
  await inBatches(plan.attributes, async ({ path, attributes = Buffer.alloc(0) }) =>
    files.writeAttributes(toPath(path), attributes),
  );
  await inBatches(plan.touched, async (directory) =>
    files.setAttributes(toPath(directory.path), attributesOf(directory)),
  );
}

async function restoreFile(
  file: ManifestEntry,
  { files, pristine }: { readonly files: FileService; readonly pristine: PristineFiles },
): Promise<void> {
  const path = toPath(file.path);
  if (file.digest !== undefined) await files.restore(file.digest, path, attributesOf(file));
  else await files.write(path, await pristine.read(file), attributesOf(file));
}
