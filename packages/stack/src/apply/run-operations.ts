import { chmod, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApplyContext } from './apply-context.js';
import { ApplyConflictError } from './apply-errors.js';
import type { ApplyLayout } from './apply-layout.js';
import type { ApplyStep } from './apply-steps.js';
import { absentEntry, type Entry, isSameContent, toEntryText } from './entry.js';
import type { Operation, OperationOf } from './operation.js';
import { readEntry, readStats } from './read-entry.js';
import { syncParents } from './sync-parents.js';
import { walkParents } from './walk-parents.js';

const stepOf = {
  open: 'directory-opened',
  remove: 'entry-removed',
  make: 'directory-made',
  place: 'entry-placed',
  mode: 'mode-set',
} as const satisfies Readonly<Record<Operation['type'], ApplyStep>>;

function conflict(path: string, reason: string): ApplyConflictError {
  return new ApplyConflictError([{ path, reason }]);
}

/** The last look before a path is touched. */
async function expectEntry(layout: ApplyLayout, path: string, expected: Entry): Promise<void> {
  const { blocker } = await walkParents(layout.root, path);
  if (blocker !== undefined) throw conflict(path, `${JSON.stringify(blocker.path)} is no directory any more`);
  const found = await readEntry(join(layout.root, path));
  if (found.type === 'other') throw conflict(path, 'became a special file');
  if (!isSameContent(expected, found))
    throw conflict(path, `expected ${toEntryText(expected)}, found ${toEntryText(found)}`);
}

/** What was moved away is looked at again: it may have changed between the last look and the move. */
async function removeEntry(layout: ApplyLayout, operation: OperationOf<'remove'>): Promise<void> {
  const { path, before } = operation;
  const removed = join(layout.removed, operation.id);
  if ((await readStats(removed)) === undefined) {
    await expectEntry(layout, path, before);
    if (before.type === 'directory' && (await readdir(join(layout.root, path))).length > 0)
      throw conflict(path, 'is not empty');
    await rename(join(layout.root, path), removed);
  }
  const moved = await readEntry(removed);
  if (moved.type === 'other' || !isSameContent(before, moved)) throw conflict(path, 'changed while it was removed');
  if (moved.type === 'directory' && (await readdir(removed)).length > 0)
    throw conflict(path, 'was filled while it was removed');
}

async function placeEntry(layout: ApplyLayout, operation: OperationOf<'make' | 'place'>): Promise<void> {
  const staged = join(layout.staged, operation.id);
  if ((await readStats(staged)) === undefined) return;
  await expectEntry(layout, operation.path, operation.type === 'place' ? operation.before : absentEntry);
  await rename(staged, join(layout.root, operation.path));
}

/** A directory that is not as it was has been opened and finished, or removed, before; or a later operation finds the conflict. */
async function openDirectory(layout: ApplyLayout, { path, from, to }: OperationOf<'open'>): Promise<void> {
  const { blocker } = await walkParents(layout.root, path);
  const stats = blocker === undefined ? await readStats(join(layout.root, path)) : undefined;
  if (stats?.isDirectory() === true && (stats.mode & 0o7777) === from) await chmod(join(layout.root, path), to);
}

async function setMode(layout: ApplyLayout, { path, expected, from, to }: OperationOf<'mode'>): Promise<void> {
  await expectEntry(layout, path, expected);
  const target = join(layout.root, path);
  const mode = (await readStats(target))?.mode ?? 0;
  if ((mode & 0o7777) === to) return;
  if ((mode & 0o7777) !== from)
    throw conflict(path, `expected the mode ${from.toString(8)}, found ${(mode & 0o7777).toString(8)}`);
  await chmod(target, to);
}

async function runOperation(layout: ApplyLayout, operation: Operation): Promise<void> {
  switch (operation.type) {
    case 'open':
      return openDirectory(layout, operation);
    case 'mode':
      return setMode(layout, operation);
    case 'remove':
      return removeEntry(layout, operation);
    case 'make':
    case 'place':
      return placeEntry(layout, operation);
  }
}

/** Carries out, or completes, the operations of a committed plan. What was done before is not done again. */
export async function runOperations(context: ApplyContext, operations: readonly Operation[]): Promise<void> {
  for (const operation of operations) {
    await runOperation(context.layout, operation);
    await context.report(stepOf[operation.type]);
  }
  await syncParents(context.layout, operations);
  await context.report('applied');
}
