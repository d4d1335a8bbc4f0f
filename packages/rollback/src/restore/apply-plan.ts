import type { FileAttributes, FileService } from '@paracle/core';
import { type ManifestEntry, toPath } from '../snapshot/manifest.js';
import { inBatches } from './in-batches.js';
import type { RollbackPlan } from './plan-rollback.js';
import type { PristineFiles } from './pristine-files.js';
import type { RollbackStep } from './rollback-options.js';

/** Is told of a step before it begins. */
export type TellStep = (step: RollbackStep, paths?: readonly unknown[]) => void;

interface Sources {
  readonly files: FileService;
  readonly pristine: PristineFiles;
}

function attributesOf({ mode, uid, gid, modifiedNs }: ManifestEntry): FileAttributes {
  return { mode, owner: { uid, gid }, modifiedNs };
}

/** Carries a plan out. Each step can be repeated, so a rollback that failed half way can be run again. */
export async function applyPlan(plan: RollbackPlan, sources: Sources, tell: TellStep): Promise<void> {
  const { files } = sources;
  tell('remove', plan.remove);
  await inBatches(plan.remove, async (path) => files.remove(toPath(path)));
  tell('make_directories', plan.directories);
  for (const directory of plan.directories) await files.makeDirectory(toPath(directory.path), attributesOf(directory));
  tell('restore_files', plan.files);
  await inBatches(plan.files, async (file) => restoreFile(file, sources));
  tell('link_files', plan.linked);
  await inBatches(plan.linked, async ({ path, existing }) => files.makeLink(toPath(path), toPath(existing)));
  await makeSpecial(plan, files, tell);
  tell('restore_attributes', plan.attributes);
  await inBatches(plan.attributes, async ({ path, attributes = Buffer.alloc(0) }) =>
    files.writeAttributes(toPath(path), attributes),
  );
  tell('restore_times', plan.touched);
  await inBatches(plan.touched, async (directory) =>
    files.setAttributes(toPath(directory.path), attributesOf(directory)),
  );
}

async function makeSpecial(plan: RollbackPlan, files: FileService, tell: TellStep): Promise<void> {
  tell('make_symlinks', plan.symlinks);
  for (const link of plan.symlinks) {
    await files.remove(toPath(link.path));
    await files.makeSymlink(toPath(link.path), toPath(link.target ?? ''), attributesOf(link));
  }
  tell('make_pipes', plan.fifos);
  for (const fifo of plan.fifos) {
    await files.remove(toPath(fifo.path));
    await files.makeFifo(toPath(fifo.path), attributesOf(fifo));
  }
}

async function restoreFile(file: ManifestEntry, { files, pristine }: Sources): Promise<void> {
  const path = toPath(file.path);
  if (file.digest !== undefined) await files.restore(file.digest, path, attributesOf(file));
  else await files.write(path, await pristine.read(file), attributesOf(file));
}
