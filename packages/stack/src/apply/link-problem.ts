import { posix } from 'node:path';
import { pathProblem } from './path-problem.js';

/** Where a link points to, relative to the workspace: lexically, which holds as parents are never links. */
export function toLinkedPath(path: string, target: string): string {
  return posix.normalize(posix.join(posix.dirname(path), target)).replace(/\/+$/u, '');
}

/**
 * Says why a symbolic link's target is refused; undefined where it stays in the workspace.
 * `..` after a name is refused: what it means depends on what the name is when the link is followed.
 */
export function linkProblem(
  path: string,
  target: string,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  if (target === '' || target.includes('\0')) return 'is a symbolic link without a valid target';
  if (target.startsWith('/') || (platform === 'win32' && /[\\:]/u.test(target)))
    return 'is a symbolic link to an absolute path';
  if (/(^|\/)(?!\.\.?(\/|$))[^/]+\/(.*\/)?\.\.(\/|$)/su.test(target))
    return 'is a symbolic link with `..` after a name';
  const linked = toLinkedPath(path, target);
  if (linked === '..' || linked.startsWith('../')) return 'is a symbolic link that leaves the workspace';
  if (linked === '.') return undefined;
  const problem = pathProblem(linked, platform);
  return problem === undefined ? undefined : `is a symbolic link whose target ${problem}`;
}
