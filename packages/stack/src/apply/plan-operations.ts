import { absentEntry, isSameContent, type PlannedChange } from './entry.js';
import type { Operation } from './operation.js';

const ownerBits = 0o700;

/** The mode of a directory while work goes on in it. */
function toOpenMode(mode: number): number {
  return mode | ownerBits;
}

function toOpen(id: string, { path, before }: PlannedChange): readonly Operation[] {
  if (before.type !== 'directory' || toOpenMode(before.mode) === before.mode) return [];
  return [{ type: 'open', id, path, from: before.mode, to: toOpenMode(before.mode) }];
}

function toRemove(id: string, { path, before, after }: PlannedChange): readonly Operation[] {
  if (before.type === 'absent' || isSameContent(before, after)) return [];
  const involvesDirectory = before.type === 'directory' || after.type === 'directory';
  return after.type === 'absent' || involvesDirectory ? [{ type: 'remove', id, path, before }] : [];
}

function toMake(id: string, { path, before, after }: PlannedChange): readonly Operation[] {
  return after.type === 'directory' && before.type !== 'directory' ? [{ type: 'make', id, path }] : [];
}

function toPlace(id: string, { path, before, after }: PlannedChange): readonly Operation[] {
  if ((after.type !== 'file' && after.type !== 'symlink') || isSameContent(before, after)) return [];
  return [{ type: 'place', id, path, before: before.type === 'directory' ? absentEntry : before, after }];
}

function toMode(id: string, { path, before, after }: PlannedChange): readonly Operation[] {
  if (after.type === 'directory') {
    const from = toOpenMode(before.type === 'directory' ? before.mode : after.mode);
    return from === after.mode
      ? []
      : [{ type: 'mode', id, path, isNew: before.type !== 'directory', expected: after, from, to: after.mode }];
  }
  if (after.type !== 'file' || before.type !== 'file' || !isSameContent(before, after) || before.mode === after.mode)
    return [];
  return [{ type: 'mode', id, path, isNew: false, expected: after, from: before.mode, to: after.mode }];
}

function byDepth(left: Operation, right: Operation): number {
  return left.path.split('/').length - right.path.split('/').length || (left.path < right.path ? -1 : 1);
}

/**
 * The operations that carry out a plan, in an order in which each finds what it needs:
 * directories opened, what goes removed from the inside out, directories made from the outside in, files placed, permissions set last.
 * The same plan always gives the same operations; recovery relies on it.
 */
export function planOperations(changes: readonly PlannedChange[]): readonly Operation[] {
  const numbered = changes.map((change, index) => ({ id: String(index), change }));
  const collect = (plan: (id: string, change: PlannedChange) => readonly Operation[]): Operation[] =>
    numbered.flatMap(({ id, change }) => plan(id, change)).sort(byDepth);
  return [
    ...collect(toOpen),
    ...collect(toRemove).reverse(),
    ...collect(toMake),
    ...collect(toPlace),
    ...collect(toMode).reverse(),
  ];
}
