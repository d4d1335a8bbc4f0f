import { hasOtherState } from '../diff/compare-manifests.js';
import type { Manifest } from '../snapshot/manifest.js';
import { display } from '../snapshot/take-snapshot.js';

/**
 * Compares the restored file system with the snapshot, path by path, times included. Contents were
 * checked against their digests while they were put back; those that were not touched have the time
 * of change that they had.
 */
export function findDifferences(snapshot: Manifest, now: Manifest): string[] {
  const differences: string[] = [];
  for (const entry of now.values()) if (!snapshot.has(entry.path)) differences.push(`${display(entry.path)} is new`);
  for (const entry of snapshot.values()) {
    const found = now.get(entry.path);
    const path = display(entry.path);
    if (found === undefined) differences.push(`${path} is missing`);
    else if (hasOtherState(entry, found)) differences.push(`${path} has another type, mode, owner, size or target`);
    else if (entry.modifiedNs !== found.modifiedNs && entry.type !== 'other')
      differences.push(`${path} has another time`);
  }
  return differences;
}
