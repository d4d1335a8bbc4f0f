import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApplyLayout } from './apply-layout.js';
import { diskLinkProblem } from './disk-link-problem.js';
import { absentEntry, type Entry, isSameContent, type PlannedChange, toEntryText } from './entry.js';
import { type DiskEntry, readEntry } from './read-entry.js';
import { walkParents } from './walk-parents.js';

/** Who shall own a new entry. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A planned change that fits what is on disk: `before` has the real mode, `after` the one to set. */
export interface CheckedChange extends PlannedChange {
  readonly owner: Owner | undefined;
}

/** What the disk says to a change. */
export type CheckResult =
  | { readonly type: 'fits'; readonly change: CheckedChange }
  | { readonly type: 'conflict'; readonly reason: string }
  | { readonly type: 'refused'; readonly reason: string };

/** What a check needs to know besides the change. */
export interface CheckContext {
  readonly layout: ApplyLayout;
  readonly byPath: ReadonlyMap<string, PlannedChange>;
  /** The file system that renames stay on. */
  readonly device: number;
}

const setIdBits = 0o6000;
const setGroupIdBit = 0o2000;

/** A mode that the change does not touch stays as it is on disk; special bits of directories always do. */
function toFinalEntry(change: PlannedChange, found: Entry): Entry {
  const { before, after } = change;
  if (after.type === 'file' && before.type === 'file' && found.type === 'file') {
    return { ...after, mode: after.mode === before.mode ? found.mode & 0o777 : after.mode };
  }
  if (after.type === 'directory' && before.type === 'directory' && found.type === 'directory') {
    return { type: 'directory', mode: after.mode === before.mode ? found.mode : after.mode | (found.mode & 0o7000) };
  }
  return after;
}

function differenceProblem(change: PlannedChange, found: DiskEntry): string | undefined {
  const { before, after } = change;
  if (found.type === 'other' || !isSameContent(before, found)) {
    return `expected ${toEntryText(before)}, found ${found.type === 'other' ? 'a special file' : toEntryText(found)}`;
  }
  if (!('mode' in before && 'mode' in after && 'mode' in found) || after.type !== before.type) return undefined;
  if (before.mode === after.mode || before.mode === (found.mode & 0o777)) return undefined;
  return `expected the mode ${before.mode.toString(8)}, found ${found.mode.toString(8)}`;
}

/** A directory goes only if everything in it goes too. */
async function contentProblem(context: CheckContext, change: PlannedChange): Promise<string | undefined> {
  if (change.before.type !== 'directory' || change.after.type === 'directory') return undefined;
  const names = await readdir(join(context.layout.root, change.path));
  const kept = names.filter((name) => context.byPath.get(`${change.path}/${name}`)?.after.type !== 'absent');
  return kept.length === 0 ? undefined : `is to be removed, but ${JSON.stringify(kept[0])} in it is not`;
}

/** A replaced entry keeps its owner. A new one gets its directory's where that is shared by group, or where root works for another. */
function toOwner(existing: Stats | undefined, parent: Stats): Owner | undefined {
  if (existing !== undefined) return { uid: existing.uid, gid: existing.gid };
  if (process.getuid?.() === 0) return { uid: parent.uid, gid: parent.gid };
  return (parent.mode & setGroupIdBit) === 0 ? undefined : { uid: process.getuid?.() ?? parent.uid, gid: parent.gid };
}

/** Compares one planned change with the disk. */
export async function checkChange(context: CheckContext, change: PlannedChange): Promise<CheckResult> {
  const { deepest, blocker } = await walkParents(context.layout.root, change.path);
  const planned = blocker === undefined ? undefined : context.byPath.get(blocker.path);
  if (blocker !== undefined && (planned === undefined || planned.before.type === 'directory')) {
    const shown = JSON.stringify(blocker.path);
    if (planned !== undefined || blocker.type !== 'symlink')
      return { type: 'conflict', reason: `${shown} is no directory any more` };
    return { type: 'refused', reason: `lies behind ${shown}, which is a symbolic link` };
  }
  if (deepest.dev !== context.device)
    return { type: 'refused', reason: 'lies on another file system than the workspace' };
  const path = join(context.layout.root, change.path);
  const found = blocker === undefined ? await readEntry(path) : absentEntry;
  const reason = differenceProblem(change, found) ?? (await contentProblem(context, change));
  if (reason !== undefined || found.type === 'other')
    return { type: 'conflict', reason: reason ?? 'is a special file' };
  if (found.type === 'file' && change.after.type === 'file' && (found.mode & setIdBits) !== 0) {
    return { type: 'refused', reason: 'has set-id bits in the workspace' };
  }
  const linkReason = await diskLinkProblem(context.layout.root, change, context.byPath);
  if (linkReason !== undefined) return { type: 'refused', reason: linkReason };
  const owner = toOwner(found.type === 'absent' ? undefined : await lstat(path), deepest);
  return { type: 'fits', change: { path: change.path, before: found, after: toFinalEntry(change, found), owner } };
}
