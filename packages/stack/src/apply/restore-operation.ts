import { chmod, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApplyLayout } from './apply-layout.js';
import { isSameContent } from './entry.js';
import type { Operation, OperationOf } from './operation.js';
import { readEntry, readStats } from './read-entry.js';
import { walkParents } from './walk-parents.js';

const inTheWay = 'something else is in its place';

/** Permissions that somebody else has set meanwhile stay. */
async function restoreMode(layout: ApplyLayout, operation: OperationOf<'open' | 'mode'>): Promise<undefined> {
  const { type, path, from, to } = operation;
  const stats = await readStats(join(layout.root, path));
  const isDirectory = type === 'open' || operation.expected.type === 'directory';
  const isExpectedType = isDirectory ? stats?.isDirectory() === true : stats?.isFile() === true;
  if (stats !== undefined && isExpectedType && (stats.mode & 0o7777) === to) await chmod(join(layout.root, path), from);
}

async function restoreRemoved(layout: ApplyLayout, { id, path }: OperationOf<'remove'>): Promise<string | undefined> {
  const removed = join(layout.removed, id);
  if ((await readStats(removed)) === undefined) return undefined;
  if ((await readStats(join(layout.root, path))) !== undefined) return inTheWay;
  await rename(removed, join(layout.root, path));
  return undefined;
}

async function removeMade(layout: ApplyLayout, { id, path }: OperationOf<'make'>): Promise<string | undefined> {
  if ((await readStats(join(layout.staged, id))) !== undefined) return undefined;
  const stats = await readStats(join(layout.root, path));
  if (stats === undefined) return undefined;
  if (!stats.isDirectory()) return inTheWay;
  await rmdir(join(layout.root, path));
  return undefined;
}

async function restoreReplaced(layout: ApplyLayout, operation: OperationOf<'place'>): Promise<string | undefined> {
  const path = join(layout.root, operation.path);
  const staged = join(layout.staged, operation.id);
  const backup = join(layout.backups, operation.id);
  const hasBackup = (await readStats(backup)) !== undefined;
  if ((await readStats(staged)) !== undefined) return undefined;
  if (operation.before.type !== 'absent' && !hasBackup) return undefined;
  const found = await readEntry(path);
  if (found.type === 'other' || !isSameContent(found, operation.after)) return 'it was changed after it was applied';
  await rename(hasBackup ? backup : path, hasBackup ? path : staged);
  return undefined;
}

/** Puts one path back; resolves to the reason where that would destroy what somebody else made meanwhile. */
export async function restoreOperation(layout: ApplyLayout, operation: Operation): Promise<string | undefined> {
  const { blocker } = await walkParents(layout.root, operation.path);
  if (blocker?.type === 'symlink') return `${JSON.stringify(blocker.path)} became a symbolic link`;
  switch (operation.type) {
    case 'open':
    case 'mode':
      return restoreMode(layout, operation);
    case 'remove':
      return restoreRemoved(layout, operation);
    case 'make':
      return removeMade(layout, operation);
    case 'place':
      return restoreReplaced(layout, operation);
  }
}
