import { type Manifest, type ManifestEntry, toManifest } from '../../../src/snapshot/manifest.js';

/** A time long before {@link LATEST_NS}: nothing that changed then is racy. */
export const LONG_AGO_NS = 1_000_000_000_000n;
/** The latest change in a manifest with a {@link clock}. */
export const LATEST_NS = 2_000_000_000_000n;

type Overrides = Partial<ManifestEntry>;
type EntryMaker = (path: string, overrides?: Overrides) => ManifestEntry;

function maker(defaults: Pick<ManifestEntry, 'type' | 'mode' | 'sizeBytes'> & Overrides): EntryMaker {
  const common = { uid: 1000, gid: 1000, inode: 1n, modifiedNs: LONG_AGO_NS, changedNs: LONG_AGO_NS };
  return (path, overrides = {}) => ({ path, ...common, ...defaults, ...overrides });
}

/** A file whose contents are still the image's, unless a digest is given. */
export const file: EntryMaker = maker({ type: 'file', mode: 0o644, sizeBytes: 4 });
export const directory: EntryMaker = maker({ type: 'directory', mode: 0o755, sizeBytes: 0 });
export const symlink: EntryMaker = maker({ type: 'symlink', mode: 0o777, sizeBytes: 0, target: 'a' });
export const other: EntryMaker = maker({ type: 'other', mode: 0o600, sizeBytes: 0 });

/** An entry that changed last of all, as there is in every real sandbox, so that the others are not racy. */
const clock: ManifestEntry = directory('/clock', { inode: 99n, changedNs: LATEST_NS });

/** A manifest of these and the {@link clock}. */
export function manifestOf(...entries: readonly ManifestEntry[]): Manifest {
  return toManifest([...entries, clock]);
}
