import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { toAncestors } from './plan-issues.js';
import { readStats } from './read-entry.js';

/** How far the parents of a path are real directories. */
export interface ParentWalk {
  /** The deepest that is one; at least the workspace itself. */
  readonly deepest: Stats;
  /** The first that is none, and what is there instead. */
  readonly blocker?: { readonly path: string; readonly type: 'absent' | 'symlink' | 'other' };
}

/** Looks at each parent of a path, the outermost first, and stops at the first that is no real directory. */
export async function walkParents(root: string, path: string): Promise<ParentWalk> {
  let deepest = await lstat(root);
  for (const ancestor of toAncestors(path)) {
    const stats = await readStats(join(root, ancestor));
    if (stats === undefined) return { deepest, blocker: { path: ancestor, type: 'absent' } };
    if (stats.isSymbolicLink()) return { deepest, blocker: { path: ancestor, type: 'symlink' } };
    if (!stats.isDirectory()) return { deepest, blocker: { path: ancestor, type: 'other' } };
    deepest = stats;
  }
  return { deepest };
}
