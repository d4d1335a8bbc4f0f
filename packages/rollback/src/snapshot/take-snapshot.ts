import { createId, type FileService, type SupervisorConnection } from '@paracle/core';
import type { ResolvedRollbackConfig } from '../config/rollback-config.js';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';
import { inBatches } from '../restore/in-batches.js';
import { type Manifest, type ManifestEntry, toManifest, toManifestEntry } from './manifest.js';
import type { SnapshotDescription } from './snapshot-description.js';
import type { SnapshotStore } from './snapshot-store.js';
import { isSurelyUnchanged, latestChangeNs } from './unchanged.js';

/** What changed before the supervisor ran is the image's; a margin for a clock that was stepped. */
const START_MARGIN_NS = 2_000_000_000n;

/** A snapshot that was taken. */
export interface TakenSnapshot {
  readonly description: SnapshotDescription;
  readonly manifest: Manifest;
}

interface Subject {
  readonly connection: SupervisorConnection;
  readonly store: SnapshotStore;
  readonly files: FileService;
  readonly containerId: string;
  readonly imageId: string;
  readonly kind: SnapshotDescription['kind'];
  readonly config: ResolvedRollbackConfig;
}

/** Every path now, without contents; also what is mounted and therefore left out. */
export async function walkAll(files: FileService): Promise<{ manifest: Manifest; skipped: readonly string[] }> {
  const { entries, skipped } = await files.walk('/');
  return { manifest: toManifest(entries.map(toManifestEntry)), skipped };
}

/** Takes a snapshot. The caller has stopped the sandbox's programs. */
export async function takeSnapshot(subject: Subject): Promise<TakenSnapshot> {
  const { connection, store, files, containerId, imageId, kind } = subject;
  const startedAtNs = (connection.welcome?.startedAtNs ?? 0n) - START_MARGIN_NS;
  const { manifest, skipped } = await walkAll(files);
  const previous = await findPrevious(store);
  const known = reuseDigests(manifest, previous);
  const toSave = [...manifest.values()].filter(
    (entry) => entry.type === 'file' && entry.changedNs >= startedAtNs && !known.has(entry.path),
  );
  refuseIfTooLarge(toSave, subject.config);
  const saved = await inBatches(toSave, async (entry) => files.save(toPath(entry.path)));
  toSave.forEach((entry, index) => {
    const contents = saved[index];
    if (contents !== undefined) known.set(entry.path, contents.digest);
  });
  const complete = toManifest([...manifest.values()].map((entry) => withDigest(entry, known.get(entry.path))));
  const changed = [...manifest.values()].filter(({ changedNs }) => changedNs >= startedAtNs);
  const description: SnapshotDescription = {
    id: createId('snap'),
    containerId,
    imageId,
    createdAt: new Date(),
    kind,
    pathCount: manifest.size,
    addedBytes: toSave.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    notCovered: skipped,
    notKept: changed.filter(({ type }) => type === 'other').map(({ path }) => display(path)),
  };
  await store.write(description, complete);
  return { description, manifest: complete };
}

async function findPrevious(store: SnapshotStore): Promise<Manifest | undefined> {
  const latest = (await store.list()).at(-1);
  return latest === undefined ? undefined : store.readManifest(latest.id);
}

/** Contents that the snapshot before has already, found without reading them. */
function reuseDigests(
  manifest: Manifest,
  previous: Manifest | undefined,
): Map<string, ManifestEntry['digest'] & string> {
  const known = new Map<string, ManifestEntry['digest'] & string>();
  if (previous === undefined) return known;
  const latestNs = latestChangeNs(previous);
  for (const entry of manifest.values()) {
    const before = previous.get(entry.path);
    if (before?.digest !== undefined && isSurelyUnchanged(before, entry, latestNs))
      known.set(entry.path, before.digest);
  }
  return known;
}

function withDigest(entry: ManifestEntry, digest: ManifestEntry['digest']): ManifestEntry {
  return digest === undefined ? entry : { ...entry, digest };
}

function refuseIfTooLarge(entries: readonly ManifestEntry[], config: ResolvedRollbackConfig): void {
  const sizeBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  const maxBytes = config.maxSnapshotMb * 1024 * 1024;
  if (sizeBytes <= maxBytes) return;
  const largest = [...entries].sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, 5);
  throw new RollbackError(
    rollbackErrorCodes.snapshotTooLarge,
    `The snapshot would take ${sizeBytes} bytes, at most ${maxBytes} are allowed; nothing was saved`,
    {
      details: { sizeBytes, maxBytes, largest: largest.map(({ path }) => display(path)) },
      suggestion: 'Remove large files, or raise maxSnapshotMb.',
    },
  );
}

/** The bytes of a path in a manifest. */
export function toPath(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** A path of a manifest as text for people. */
export function display(path: string): string {
  return toPath(path).toString('utf8');
}
