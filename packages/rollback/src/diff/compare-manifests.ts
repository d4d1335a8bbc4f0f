import { isSameRecord } from '@paracle/core';
import { entryAt, type Manifest, type ManifestEntry } from '../snapshot/manifest.js';

/** Two states of one path, one of which may be absent. */
export interface EntryPair {
  readonly path: string;
  readonly before?: ManifestEntry;
  readonly after?: ManifestEntry;
}

/** Every path that may differ, sorted; those that certainly don't are left out without decoding or reading anything. */
export function findCandidates(before: Manifest, after: Manifest): EntryPair[] {
  const paths: string[] = [];
  for (const [path, record] of after.records) {
    const earlier = before.records.get(path);
    if (earlier === undefined || !isSameRecord(earlier, record)) paths.push(path);
  }
  for (const path of before.records.keys()) if (!after.records.has(path)) paths.push(path);
  return paths.sort().map((path) => {
    const [old, found] = [entryAt(before, path), entryAt(after, path)];
    return { path, ...(old !== undefined && { before: old }), ...(found !== undefined && { after: found }) };
  });
}
