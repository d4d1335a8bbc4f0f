import { isWithin } from '@paracle/core';
import { refuseMoved } from '../snapshot/list-file-systems.js';
import { display, type Manifest } from '../snapshot/manifest.js';
import type { SnapshotStore } from '../snapshot/snapshot-store.js';
import { type PathFilter, pathsOf, planRollback, type RollbackPlan } from './plan-rollback.js';

interface Surroundings {
  readonly store: SnapshotStore;
  readonly roots: readonly string[];
  readonly includes: PathFilter;
}

/**
 * Plans a rollback from what there is.
 * @throws RollbackError `PARACLE_ROLLBACK_MOUNT_MOVED`, `PARACLE_ROLLBACK_SNAPSHOT_DAMAGED`
 */
export async function planChecked(
  snapshot: Manifest,
  now: { readonly manifest: Manifest; readonly mounts: readonly string[] },
  { store, roots, includes }: Surroundings,
): Promise<RollbackPlan> {
  const plan = planRollback(snapshot, now.manifest, includes);
  refuseMoved(findMoved(plan, { mounts: now.mounts, roots }));
  await store.requireIntact(plan.files);
  return plan;
}

/** What would reach into something that is mounted: the host's, or of the kernel. */
function findMoved(
  plan: RollbackPlan,
  { mounts, roots }: { readonly mounts: readonly string[]; readonly roots: readonly string[] },
): string[] {
  const all = [...new Set([...mounts, ...roots])].sort((a, b) => b.length - a.length);
  const isForeign = (path: string): boolean => {
    const mount = all.find((each) => isWithin(path, each));
    return mount !== undefined && !roots.includes(mount);
  };
  const removed = plan.remove.map(display).filter((path) => mounts.some((mount) => isWithin(mount, path)));
  const reached = pathsOf(plan).map(display).filter(isForeign);
  return [...new Set([...removed, ...reached])];
}
