import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '');

export const isRoot = process.getuid?.() === 0;

/** The one folder outside the repository that the scripts write to: logs and second engines. Made on first use. */
export function stateFolder() {
  const folder =
    process.env.PARACLE_STATE_DIR ??
    (isRoot ? '/var/lib/paracle-dev' : join(tmpdir(), `paracle-dev-${process.getuid?.()}`));
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}
