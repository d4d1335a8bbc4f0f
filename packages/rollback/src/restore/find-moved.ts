import { isWithin } from '@paracle/core';
import { display } from '../snapshot/manifest.js';
import { pathsOf, type RollbackPlan } from './plan-rollback.js';

/** What would reach into something that is mounted: the host's, or of the kernel. */
export function findMoved(
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
