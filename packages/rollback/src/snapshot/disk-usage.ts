/** What snapshots take on the engine's disk. */
export interface SnapshotDiskUsage {
  /** Of all snapshots of the sandbox together, each content counted once. */
  readonly totalBytes: number;
  /** By snapshot id. */
  readonly snapshots: ReadonlyMap<string, SnapshotShare>;
}

/** What one snapshot takes. */
export interface SnapshotShare {
  /** Needed by no other: what its deletion gives back. */
  readonly ownBytes: number;
  /** Needed by others too. */
  readonly sharedBytes: number;
}

/** Adds up what snapshots need, by path in the store. */
export function addUp(
  needs: ReadonlyMap<string, readonly string[]>,
  sizes: ReadonlyMap<string, number>,
): SnapshotDiskUsage {
  const counts = new Map<string, number>();
  for (const path of [...needs.values()].flat()) counts.set(path, (counts.get(path) ?? 0) + 1);
  const sum = (paths: Iterable<string>, test: (count: number) => boolean): number =>
    [...paths].reduce((total, path) => total + (test(counts.get(path) ?? 0) ? (sizes.get(path) ?? 0) : 0), 0);
  const share = (paths: readonly string[]): SnapshotShare => ({
    ownBytes: sum(paths, (count) => count === 1),
    sharedBytes: sum(paths, (count) => count > 1),
  });
  return {
    totalBytes: sum(counts.keys(), () => true),
    snapshots: new Map([...needs].map(([id, paths]) => [id, share(paths)])),
  };
}
