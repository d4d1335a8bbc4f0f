import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApplyContext } from './apply-context.js';
import type { CheckedChange } from './check-change.js';
import { syncDirectory } from './durable-files.js';
import type { Operation } from './operation.js';
import { type BodySource, backUp, stageEntry } from './stage-entry.js';

/** Makes every new entry, and a backup of every replaced one, on the workspace's file system. Nothing in the workspace changes. */
export async function stageEntries(
  context: ApplyContext,
  changes: readonly CheckedChange[],
  operations: readonly Operation[],
  source: BodySource,
): Promise<void> {
  const { layout, report } = context;
  await mkdir(layout.transaction, { mode: 0o700 });
  for (const path of [layout.staged, layout.removed, layout.backups]) await mkdir(path, { mode: 0o700 });
  await report('staging-made');
  for (const operation of operations) {
    source.signal?.throwIfAborted();
    if (operation.type !== 'make' && operation.type !== 'place') continue;
    if (operation.type === 'place' && operation.before.type !== 'absent') {
      await backUp(join(layout.root, operation.path), join(layout.backups, operation.id));
      await report('entry-backed-up');
    }
    const change = changes[Number(operation.id)];
    if (change !== undefined) await stageEntry(join(layout.staged, operation.id), change, source);
    await report('entry-staged');
  }
  for (const path of [layout.staged, layout.backups, layout.transaction, layout.directory, layout.home, layout.root]) {
    await syncDirectory(path);
  }
  await report('staged');
}
