import { type EntryPair, findCandidates } from '../diff/compare-manifests.js';
import {
  display,
  entryAt,
  losesAttributes,
  type Manifest,
  type ManifestEntry,
  toFileKey,
} from '../snapshot/manifest.js';

/** What a rollback does, in this order. */
export interface RollbackPlan {
  /** Paths that are new, or stand where something of another type was; the topmost only. */
  readonly remove: readonly string[];
  /** Directories to make or to give their attributes back, parents first. */
  readonly directories: readonly ManifestEntry[];
  /** Files whose contents may differ. */
  readonly files: readonly ManifestEntry[];
  /** Further names of files that are put back, and which files these are. */
  readonly linked: readonly (ManifestEntry & { readonly existing: string })[];
  readonly symlinks: readonly ManifestEntry[];
  /** Named pipes that are gone or have other attributes. */
  readonly fifos: readonly ManifestEntry[];
  /** What may have extended attributes that differ. */
  readonly attributes: readonly ManifestEntry[];
  /** Directories whose times the steps above disturb, children first. */
  readonly touched: readonly ManifestEntry[];
  /** What PID 1 can't make again: sockets and devices that are gone, and some extended attributes. */
  readonly impossible: readonly string[];
}

/** Whether a path is to be put back. */
export type PathFilter = (path: string) => boolean;

/** Works out how to get from what there is to what the snapshot says. */
export function planRollback(snapshot: Manifest, now: Manifest, includes: PathFilter = () => true): RollbackPlan {
  const candidates = select(findCandidates(snapshot, now), includes).filter((pair) => !isKnownSame(pair));
  const wanted = candidates.flatMap(({ before }) => (before === undefined ? [] : [before]));
  const gone = candidates.filter(
    ({ before, after }) => after !== undefined && (before === undefined || before.type !== after.type),
  );
  const { files, linked } = planFiles(wanted, snapshot, includes);
  const directories = wanted.filter(({ type }) => type === 'directory');
  // New entries may inherit an access list from their directory.
  const parents = candidates.flatMap(({ path }) => [entryAt(snapshot, parentOf(path)), entryAt(now, parentOf(path))]);
  const involved = [...candidates.flatMap(({ before, after }) => [before, after]), ...parents];
  const hasAttributes = involved.some((entry) => entry?.hasAttributes === true);
  const touchedPaths = new Set([
    ...[...candidates, ...linked, ...files].map(({ path }) => parentOf(path)).filter(includes),
    ...directories.map(({ path }) => path),
  ]);
  return {
    remove: topmost(gone.map(({ path }) => path)),
    directories,
    files,
    linked,
    symlinks: wanted.filter(({ type }) => type === 'symlink'),
    fifos: wanted.filter(({ type }) => type === 'fifo'),
    attributes: hasAttributes ? [...directories, ...files].filter(isKnown) : [],
    touched: [...touchedPaths]
      .flatMap((path) => entryAt(snapshot, path) ?? [])
      .filter(({ type }) => type === 'directory')
      .sort((a, b) => (a.path < b.path ? 1 : -1)),
    impossible: wanted.filter((entry) => isImpossible(entry, entryAt(now, entry.path))).map(({ path }) => path),
  };
}

function isKnown({ hasAttributes, attributes }: ManifestEntry): boolean {
  return !hasAttributes || attributes !== undefined;
}

/** A file is made anew; a directory that is still one keeps what it has. */
function isImpossible(before: ManifestEntry, after: ManifestEntry | undefined): boolean {
  if (before.type === 'other') return after?.type !== 'other';
  return losesAttributes(before) && (before.type !== 'directory' || after?.type !== 'directory');
}

/** A plan for people. */
export function summarize(plan: RollbackPlan): { removed: string[]; restored: string[]; notRestored: string[] } {
  const restored = [plan.directories, plan.files, plan.linked, plan.symlinks, plan.fifos].flat();
  return {
    removed: plan.remove.map(display),
    restored: restored.map(({ path }) => display(path)).sort(),
    notRestored: plan.impossible.map(display),
  };
}

/** Where both sides know the contents, a time of change that tells nothing is no reason to do anything. */
function isKnownSame({ before, after }: EntryPair): boolean {
  if (before?.digest === undefined || before.digest !== after?.digest) return false;
  const fields = ['type', 'mode', 'uid', 'gid', 'inode', 'linkCount', 'modifiedNs', 'changedNs'] as const;
  return fields.every((field) => before[field] === after[field]);
}

/** All paths that a plan makes, changes or removes. */
export function pathsOf(plan: RollbackPlan): string[] {
  const entries = [plan.directories, plan.files, plan.linked, plan.symlinks, plan.fifos, plan.touched].flat();
  return [...plan.remove, ...entries.map(({ path }) => path)];
}

/** What is to be put back, and the directories that have to be there for it. */
function select(candidates: readonly EntryPair[], includes: PathFilter): EntryPair[] {
  const ways = new Set<string>();
  for (const { path, before } of candidates) {
    if (before === undefined || !includes(path)) continue;
    for (let way = parentOf(path); way !== '/' && !ways.has(way); way = parentOf(way)) ways.add(way);
  }
  const excluded = new Set<string>();
  for (const { path, before } of candidates) {
    if (before !== undefined || includes(path)) continue;
    for (let way = parentOf(path); way !== '/' && !excluded.has(way); way = parentOf(way)) excluded.add(way);
  }
  return candidates.filter(({ path, before, after }) => {
    // A new directory stays where something is in it that is to stay.
    if (includes(path)) return before !== undefined || !excluded.has(path);
    return ways.has(path) && before !== undefined && before.type !== after?.type;
  });
}

/** The names of one file are put back together, those too that look untouched. */
function planFiles(
  wanted: readonly ManifestEntry[],
  snapshot: Manifest,
  includes: PathFilter,
): Pick<RollbackPlan, 'files' | 'linked'> {
  const files = wanted.filter(({ type }) => type === 'file');
  const keys = new Set(files.filter(({ linkCount }) => linkCount > 1).map(toFileKey));
  if (keys.size === 0) return { files, linked: [] };
  const first = new Map<string, string>();
  const linked: (ManifestEntry & { existing: string })[] = [];
  const shared = [...snapshot.records.keys()]
    .filter(includes)
    .sort()
    .flatMap((path) => entryAt(snapshot, path) ?? []);
  const leading = shared.filter((entry) => {
    const key = toFileKey(entry);
    if (entry.type !== 'file' || entry.linkCount < 2 || !keys.has(key)) return false;
    const existing = first.get(key);
    if (existing === undefined) first.set(key, entry.path);
    else linked.push({ ...entry, existing });
    return existing === undefined;
  });
  return { files: [...files.filter(({ linkCount }) => linkCount < 2), ...leading], linked };
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** Sorted paths without those that lie below another. With `/` before all other bytes, what is below a path follows it. */
function topmost(paths: readonly string[]): string[] {
  const result: string[] = [];
  for (const path of paths.map((each) => each.replaceAll('/', '\0')).sort()) {
    const top = result.at(-1);
    if (top === undefined || !path.startsWith(`${top}\0`)) result.push(path);
  }
  return result.map((path) => path.replaceAll('\0', '/'));
}
