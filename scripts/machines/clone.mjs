import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../setup/paths.mjs';
import { mustRun } from './must-run.mjs';

/** Clones what is committed. */
export async function cloneInto(folder) {
  await mustRun('git', 'clone', '--quiet', `file://${root}`, folder);
  return 'cloned';
}

/** Copies the files as they are now, ignored ones left out. */
export async function copyWorktreeInto(folder) {
  const listed = await mustRun('git', '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard');
  const files = listed.split('\0').filter((file) => file !== '');
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file), { verbatimSymlinks: true });
  }
  return `${files.length} files copied`;
}
