import type { ResolvedRollbackConfig } from '../config/rollback-config.js';
import type { SnapshotDescription } from './snapshot-description.js';

/** What the policy no longer keeps, of all snapshots from the oldest on. Of safety snapshots the newest stays. */
export function findSurplus(
  snapshots: readonly SnapshotDescription[],
  { maxSnapshots, maxAgeHours }: ResolvedRollbackConfig['policy'],
  now: number = Date.now(),
): string[] {
  const oldest = now - maxAgeHours * 3_600_000;
  const all = snapshots.filter(({ isPinned }) => !isPinned);
  const requested = all.filter(({ kind }) => kind === 'requested');
  const safety = all.filter(({ kind }) => kind === 'safety');
  const surplus = [...requested.slice(0, -maxSnapshots), ...safety.slice(0, -1)];
  const expired = all.filter(({ createdAt }) => createdAt.getTime() < oldest);
  return [...new Set([...surplus, ...expired].map(({ id }) => id))];
}
