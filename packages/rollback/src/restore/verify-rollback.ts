import { coreErrorCodes, type FileEntry, type FileService, hasCode } from '@paracle/core';
import { display, type ManifestEntry, toFileKey, toPath } from '../snapshot/manifest.js';
import { inBatches } from './in-batches.js';
import type { RollbackPlan } from './plan-rollback.js';

/**
 * Looks at everything that a rollback did, and tells what is not as it was: what it did not touch was found to be as it was
 * when the plan was made, and no program has run since. Contents were checked against their digests on the way.
 */
export async function findDifferences(plan: RollbackPlan, files: FileService): Promise<string[]> {
  const restored = [plan.directories, plan.files, plan.linked, plan.symlinks, plan.fifos, plan.touched].flat();
  const wanted = new Map(restored.map((entry) => [entry.path, entry]));
  const removed = plan.remove.filter((path) => !wanted.has(path));
  const names = new Map<string, string>();
  const differences = await inBatches([...wanted.values()], async (before) => {
    return describe(before, await look(before.path, files), names);
  });
  const remains = await inBatches(removed, async (path) => {
    return (await look(path, files)) === undefined ? undefined : `${display(path)} is new`;
  });
  return [...remains, ...differences].filter((difference) => difference !== undefined);
}

async function look(path: string, files: FileService): Promise<FileEntry | undefined> {
  try {
    return await files.stat(toPath(path));
  } catch (error) {
    if (hasCode(error, coreErrorCodes.fileOperation) && error.details['errno'] === 'ENOENT') return undefined;
    throw error;
  }
}

function describe(before: ManifestEntry, after: FileEntry | undefined, names: Map<string, string>): string | undefined {
  const path = display(before.path);
  if (after === undefined) return `${path} is missing`;
  const hasOtherState =
    before.type !== after.type ||
    before.mode !== after.mode ||
    before.uid !== after.uid ||
    before.gid !== after.gid ||
    (before.type === 'file' && before.sizeBytes !== after.sizeBytes) ||
    before.target !== after.target?.toString('latin1');
  if (hasOtherState) return `${path} has another type, mode, owner, size or target`;
  if (before.modifiedNs !== after.modifiedNs) return `${path} has another time`;
  const isKept = before.hasAttributes === (before.attributes !== undefined);
  if (isKept && before.type !== 'symlink' && before.hasAttributes !== after.hasAttributes)
    return `${path} has other extended attributes`;
  if (before.type !== 'file' || before.linkCount < 2) return undefined;
  const file = names.get(toFileKey(before)) ?? toFileKey(after);
  names.set(toFileKey(before), file);
  return file === toFileKey(after) ? undefined : `${path} is no longer another name of the same file`;
}
