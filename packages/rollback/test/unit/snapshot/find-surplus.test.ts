import { expect, it } from '@jest/globals';
import { findSurplus } from '../../../src/snapshot/find-surplus.js';
import type { SnapshotDescription } from '../../../src/snapshot/snapshot-description.js';

const policy = { enabled: true, triggers: [], maxSnapshots: 2, maxAgeHours: 1, backupBeforeRollback: true };
const NOW = 10_000_000;

function snapshot(
  id: string,
  kind: SnapshotDescription['kind'],
  rest: Partial<SnapshotDescription> = {},
): SnapshotDescription {
  const empty = { addedBytes: 0, covered: [], notCovered: [], notKept: [] };
  return { id, kind, containerId: 'c', imageId: 'i', createdAt: new Date(NOW), isPinned: false, ...empty, ...rest };
}

it('keeps the newest of those that were asked for, and of safety snapshots one', () => {
  const all = [
    snapshot('a', 'requested'),
    snapshot('b', 'safety'),
    snapshot('c', 'requested'),
    snapshot('d', 'protect'),
    snapshot('e', 'safety'),
    snapshot('f', 'requested'),
  ];
  expect(findSurplus(all, policy, NOW).sort()).toEqual(['a', 'b']);
});

it('counts none that is pinned, and keeps it at any age', () => {
  const old = { createdAt: new Date(NOW - 3_600_001) };
  const all = [
    snapshot('a', 'requested', { isPinned: true, ...old }),
    snapshot('b', 'protect', old),
    snapshot('c', 'requested'),
    snapshot('d', 'requested'),
  ];
  expect(findSurplus(all, policy, NOW)).toEqual(['b']);
  expect(findSurplus(all, policy, NOW - 2)).toEqual([]);
});
