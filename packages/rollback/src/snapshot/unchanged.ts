import type { Manifest, ManifestEntry } from './manifest.js';

/** File times advance in steps of the kernel's clock tick, 10 ms at the slowest: two changes within one look the same. */
const RACY_NS = 50_000_000n;

/** The latest change in a manifest: the clock of the sandbox had got at least that far. */
export function latestChangeNs(manifest: Manifest): bigint {
  let latest = 0n;
  for (const { changedNs } of manifest.values()) if (changedNs > latest) latest = changedNs;
  return latest;
}

/**
 * Whether a path is certainly what it was: same inode and time of change, which no program without
 * privileges can set back. A change just before the earlier look could hide another just after it.
 */
export function isSurelyUnchanged(before: ManifestEntry, after: ManifestEntry, latestBeforeNs: bigint): boolean {
  return (
    before.inode === after.inode &&
    before.changedNs === after.changedNs &&
    before.type === after.type &&
    before.sizeBytes === after.sizeBytes &&
    before.changedNs < latestBeforeNs - RACY_NS
  );
}
