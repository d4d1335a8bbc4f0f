import type { Manifest, ManifestEntry } from '../snapshot/manifest.js';
import { isSurelyUnchanged, latestChangeNs } from '../snapshot/unchanged.js';

/** Two states of one path, one of which may be absent. */
export interface EntryPair {
  readonly path: string;
  readonly before?: ManifestEntry;
  readonly after?: ManifestEntry;
}

/** Every path that may differ; those that certainly don't are left out without reading any contents. */
export function findCandidates(before: Manifest, after: Manifest): EntryPair[] {
  const pairs: EntryPair[] = [];
  const latestNs = latestChangeNs(before);
  for (const entry of after.values()) {
    const earlier = before.get(entry.path);
    if (earlier === undefined) pairs.push({ path: entry.path, after: entry });
    else if (!isSurelyUnchanged(earlier, entry, latestNs))
      pairs.push({ path: entry.path, before: earlier, after: entry });
  }
  for (const entry of before.values()) if (!after.has(entry.path)) pairs.push({ path: entry.path, before: entry });
  return pairs.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether what `lstat` sees differs, times left out. */
export function hasOtherState(before: ManifestEntry, after: ManifestEntry): boolean {
  return (
    before.type !== after.type ||
    before.mode !== after.mode ||
    before.uid !== after.uid ||
    before.gid !== after.gid ||
    before.sizeBytes !== after.sizeBytes ||
    before.target !== after.target
  );
}
