import { dirname, join } from 'node:path';
import type { ApplyLayout } from './apply-layout.js';
import { syncDirectory } from './durable-files.js';
import type { Operation } from './operation.js';
import { readStats } from './read-entry.js';

/** Flushes every directory that the operations touched and that is still there. */
export async function syncParents(layout: ApplyLayout, operations: readonly Operation[]): Promise<void> {
  const touched = operations.flatMap(({ type, path }) => {
    const parent = dirname(join(layout.root, path));
    return type === 'open' || type === 'mode' ? [parent, join(layout.root, path)] : [parent];
  });
  for (const path of new Set([...touched, layout.staged, layout.removed, layout.backups])) {
    if ((await readStats(path))?.isDirectory() === true) await syncDirectory(path);
  }
}
