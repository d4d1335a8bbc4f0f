import { isSameRecord } from '@paracle/core';
import { entryAt, type Manifest, type ManifestEntry } from '../snapshot/manifest.js';

/** Two states of one path, one of which may be absent. */
export interface EntryPair {
  readonly path: string;
  readonly before?: ManifestEntry;
  readonly after?: ManifestEntry;
}

/** Every path that may differ, sorted; those that certainly don't are left out without decoding or reading anything. */
export function findCandidatePaths(before: Manifest, after: Manifest, prefix = ''): string[] {
  const paths: string[] = [];
  for (const [path, record] of after.records) {
    if (!path.startsWith(prefix)) continue;
    const earlier = before.records.get(path);
    if (earlier === undefined || !isSameRecord(earlier, record)) paths.push(path);
  }
  for (const path of before.records.keys()) if (!after.records.has(path) && path.startsWith(prefix)) paths.push(path);
  return paths.sort();
}

/** Both states of a path, decoded. */
export function pairAt(before: Manifest, after: Manifest, path: string): EntryPair {
  const [old, found] = [entryAt(before, path), entryAt(after, path)];
  return { path, ...(old !== undefined && { before: old }), ...(found !== undefined && { after: found }) };
}

/** Every path that may differ, sorted, with both states. */
export function findCandidates(before: Manifest, after: Manifest): EntryPair[] {
  return findCandidatePaths(before, after).map((path) => pairAt(before, after, path));
}
