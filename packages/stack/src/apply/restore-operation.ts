import { chmod, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApplyLayout } from './apply-layout.js';
import { isSameContent } from './entry.js';
import type { Operation, OperationOf } from './operation.js';
import { readEntry, readStats } from './read-entry.js';
import { walkParents } from './walk-parents.js';

const inTheWay = 'something else is in its place';

async function isThere(path: string): Promise<boolean> {
  return (await readStats(path)) !== undefined;
}

/** Says whether an operation was done and not yet undone. Permissions don't show it; setting them back can be repeated. */
async function isDone(layout: ApplyLayout, operation: Operation): Promise<boolean> {
  switch (operation.type) {
    case 'open':
    case 'mode':
      return true;
    case 'remove':
      return isThere(join(layout.removed, operation.id));
    case 'make':
      return !(await isThere(join(layout.staged, operation.id)));
    case 'place':
      if (await isThere(join(layout.staged, operation.id))) return false;
      return operation.before.type === 'absent' || isThere(join(layout.backups, operation.id));
  }
}

/** Permissions that somebody else has set meanwhile stay. */
async function restoreMode(path: string, operation: OperationOf<'open' | 'mode'>): Promise<undefined> {
  const { type, from, to } = operation;
  const stats = await readStats(path);
  const isDirectory = type === 'open' || operation.expected.type === 'directory';
  const isExpectedType = isDirectory ? stats?.isDirectory() === true : stats?.isFile() === true;
  if (stats !== undefined && isExpectedType && (stats.mode & 0o7777) === to) await chmod(path, from);
}

async function restoreRemoved(path: string, removed: string): Promise<string | undefined> {
  if (await isThere(path)) return inTheWay;
  await rename(removed, path);
  return undefined;
}

/** Moves a directory that we made back to the staging; what somebody put into it keeps it where it is. */
async function unmake(path: string, staged: string): Promise<string | undefined> {
  const stats = await readStats(path);
  if (stats === undefined) return undefined;
  if (!stats.isDirectory()) return inTheWay;
  if ((await readdir(path)).length > 0) return 'something was put into it';
  await rename(path, staged);
  if ((await readdir(staged)).length === 0) return undefined;
  await rename(staged, path);
  return 'something was put into it';
}

async function restoreReplaced(
  layout: ApplyLayout,
  path: string,
  operation: OperationOf<'place'>,
): Promise<string | undefined> {
  const found = await readEntry(path);
  const isOurs = found.type !== 'other' && isSameContent(found, operation.after);
  if (!isOurs && found.type !== 'absent') return 'it was changed after it was applied';
  if (operation.before.type !== 'absent') await rename(join(layout.backups, operation.id), path);
  else if (isOurs) await rename(path, join(layout.staged, operation.id));
  return undefined;
}

/** Puts one path back; resolves to the reason where that would destroy what somebody else made meanwhile. */
export async function restoreOperation(layout: ApplyLayout, operation: Operation): Promise<string | undefined> {
  if (!(await isDone(layout, operation))) return undefined;
  const { blocker } = await walkParents(layout.root, operation.path);
  // A new directory's parent may be a link again, if an undo got that far before.
  if (blocker !== undefined && operation.type === 'mode' && operation.isNew) return undefined;
  if (blocker?.type === 'symlink') return `${JSON.stringify(blocker.path)} became a symbolic link`;
  const path = join(layout.root, operation.path);
  switch (operation.type) {
    case 'open':
    case 'mode':
      return restoreMode(path, operation);
    case 'remove':
      return restoreRemoved(path, join(layout.removed, operation.id));
    case 'make':
      return unmake(path, join(layout.staged, operation.id));
    case 'place':
      return restoreReplaced(layout, path, operation);
  }
}
