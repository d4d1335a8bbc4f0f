import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplyConflictError, ApplyRefusedError, type PathIssue } from './apply-errors.js';
import { type ApplyLayout, homeName } from './apply-layout.js';
import { type CheckedChange, checkChange } from './check-change.js';
import type { PlannedChange } from './entry.js';
import { readStats } from './read-entry.js';

/** Two names that are one on this file system would overwrite each other. */
async function findFoldedTwins(layout: ApplyLayout, changes: readonly PlannedChange[]): Promise<readonly PathIssue[]> {
  const own = await lstat(layout.directory);
  const folded = await readStats(join(layout.root, homeName.toUpperCase(), 'APPLY'));
  if (folded?.ino !== own.ino) return [];
  const seen = new Set<string>();
  const issues: PathIssue[] = [];
  for (const { path } of changes) {
    const name = path.normalize('NFC').toLowerCase();
    if (seen.has(name))
      issues.push({ path, reason: 'is in the change set twice for a file system without upper and lower case' });
    seen.add(name);
  }
  return issues;
}

/** Compares all changes with the disk; the caller holds the lock. Touches nothing. */
export async function checkWorkspace(
  layout: ApplyLayout,
  changes: readonly PlannedChange[],
  signal?: AbortSignal,
): Promise<readonly CheckedChange[]> {
  const byPath = new Map(changes.map((change) => [change.path, change]));
  const context = { layout, byPath, device: (await lstat(layout.directory)).dev };
  const refused: PathIssue[] = [...(await findFoldedTwins(layout, changes))];
  const conflicts: PathIssue[] = [];
  const checked: CheckedChange[] = [];
  for (const change of changes) {
    signal?.throwIfAborted();
    const result = await checkChange(context, change);
    if (result.type === 'fits') checked.push(result.change);
    if (result.type === 'refused') refused.push({ path: change.path, reason: result.reason });
    if (result.type === 'conflict') conflicts.push({ path: change.path, reason: result.reason });
  }
  if (refused.length > 0) throw new ApplyRefusedError(refused);
  if (conflicts.length > 0) throw new ApplyConflictError(conflicts);
  return checked;
}
