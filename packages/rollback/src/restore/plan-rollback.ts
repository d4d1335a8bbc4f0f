import { isWithin } from '@paracle/core';
import { findCandidates } from '../diff/compare-manifests.js';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';
import type { Manifest, ManifestEntry } from '../snapshot/manifest.js';
import { display } from '../snapshot/take-snapshot.js';

/** What a rollback does, in this order. */
export interface RollbackPlan {
  /** Paths that are new, or stand where something of another type was; the topmost only. */
  readonly remove: readonly string[];
  /** Directories to make or to give their attributes back, parents first. */
  readonly directories: readonly ManifestEntry[];
  /** Files whose contents may differ. */
  readonly files: readonly ManifestEntry[];
  readonly symlinks: readonly ManifestEntry[];
  /** Directories whose times the steps above disturb, children first. */
  readonly touched: readonly ManifestEntry[];
  /** What PID 1 can't make again: sockets, pipes and devices that are gone. */
  readonly impossible: readonly string[];
}

/** Works out how to get from what there is to what the snapshot says. */
export function planRollback(snapshot: Manifest, now: Manifest): RollbackPlan {
  const candidates = findCandidates(snapshot, now);
  const wanted = candidates.flatMap(({ before }) => (before === undefined ? [] : [before]));
  const gone = candidates.filter(
    ({ before, after }) => after !== undefined && (before === undefined || before.type !== after.type),
  );
  const touchedPaths = new Set([
    ...candidates.map(({ path }) => parentOf(path)),
    ...wanted.filter(({ type }) => type === 'directory').map(({ path }) => path),
  ]);
  return {
    remove: topmost(gone.map(({ path }) => path)),
    directories: wanted.filter(({ type }) => type === 'directory'),
    files: wanted.filter(({ type }) => type === 'file'),
    symlinks: wanted.filter(({ type }) => type === 'symlink'),
    touched: [...snapshot.values()]
      .filter(({ path, type }) => type === 'directory' && touchedPaths.has(path))
      .reverse(),
    impossible: wanted
      .filter(({ type, path }) => type === 'other' && now.get(path)?.type !== 'other')
      .map(({ path }) => path),
  };
}

/**
 * A command can move a directory that something is mounted in, and then it is new: to remove it would be to remove what
 * is mounted, such as files of the host.
 *
 * @throws RollbackError `PARACLE_ROLLBACK_MOUNT_MOVED`
 */
export function refuseMovedMounts({ remove }: RollbackPlan, mounts: readonly string[]): void {
  const moved = remove.map(display).filter((path) => mounts.some((mount) => isWithin(mount, path)));
  if (moved.length === 0) return;
  throw new RollbackError(
    rollbackErrorCodes.mountMoved,
    `A directory with a mount in it was moved, so nothing was rolled back: ${moved.join(', ')}`,
    { details: { moved }, suggestion: 'Move it back by a command and roll back again, or destroy the sandbox.' },
  );
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** Sorted paths without those that lie below another. With `/` before all other bytes, what is below a path follows it. */
function topmost(paths: readonly string[]): string[] {
  const result: string[] = [];
  for (const path of paths.map((each) => each.replaceAll('/', '\0')).sort()) {
    const top = result.at(-1);
    if (top === undefined || !path.startsWith(`${top}\0`)) result.push(path);
  }
  return result.map((path) => path.replaceAll('\0', '/'));
}
