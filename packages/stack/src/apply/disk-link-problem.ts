import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { PlannedChange } from './entry.js';
import { toLinkedPath } from './link-problem.js';
import { readStats } from './read-entry.js';
import { systemCode } from './system-code.js';

const loop = Symbol('loop');

/** Where a path really is; undefined where it is not. */
async function readRealPath(path: string): Promise<string | typeof loop | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCode(error) === 'ELOOP') return loop;
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Says why a new link is refused for what is on disk: inside the workspace it may still lead out of it, through another link.
 * Looks at the longest part of its target that exists.
 */
export async function diskLinkProblem(
  root: string,
  change: PlannedChange,
  byPath: ReadonlyMap<string, PlannedChange>,
): Promise<string | undefined> {
  if (change.after.type !== 'symlink') return undefined;
  const names = toLinkedPath(change.path, change.after.target).split('/');
  for (let length = names.length; length > 0; length -= 1) {
    const part = names.slice(0, length).join('/');
    const real = await readRealPath(join(root, part));
    if (real === loop) return 'is a symbolic link into a loop';
    if (real !== undefined) {
      const isInside = real === root || real.startsWith(root.endsWith(sep) ? root : root + sep);
      return isInside ? undefined : 'is a symbolic link that leaves the workspace through another link';
    }
    const stats = await readStats(join(root, part));
    if (stats !== undefined && !byPath.has(part)) return 'is a symbolic link to a link that leads nowhere';
  }
  return undefined;
}
