import type { ResolvedRollbackConfig } from '../config/rollback-config.js';
import type { SnapshotDescription } from '../snapshot/snapshot-description.js';

const HOUR_MS = 3_600_000;

/** Ids that a policy no longer keeps of snapshots that are sorted by age. Safety snapshots have a place of their own: the newest stays. */
export function findRetired(
  snapshots: readonly SnapshotDescription[],
  { maxSnapshots, maxAgeHours }: ResolvedRollbackConfig['policy'],
  now: number = Date.now(),
): string[] {
  const all = snapshots.filter(({ isPinned }) => !isPinned);
  const ofKind = (kind: SnapshotDescription['kind']): SnapshotDescription[] => all.filter((each) => each.kind === kind);
  const surplus = [...ofKind('requested').slice(0, -maxSnapshots), ...ofKind('safety').slice(0, -1)];
  const expired = all.filter(({ createdAt }) => createdAt.getTime() < now - maxAgeHours * HOUR_MS);
  return [...new Set([...surplus, ...expired].map(({ id }) => id))];
}
