import {
  coreErrorCodes,
  createId,
  decodeRecord,
  type FileService,
  hasAttributesRecord,
  hasCode,
  isChangedRecord,
  isSameRecord,
  type SavedContents,
} from '@paracle/core';
import type { ResolvedRollbackConfig } from '../config/rollback-config.js';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';
import { inBatches } from '../restore/in-batches.js';
import { type Listing, listFileSystems } from './list-file-systems.js';
import { display, entryAt, type Kept, losesAttributes, type Manifest, type ManifestEntry, toPath } from './manifest.js';
import type { StoredDescription } from './snapshot-description.js';
import type { SnapshotStore } from './snapshot-store.js';

/** What reading a file fails with that is being written to, removed, or replaced by something else. */
const CHANGING: ReadonlySet<string> = new Set(['EAGAIN', 'ENOENT', 'ENOTDIR', 'EINVAL', 'EISDIR', 'ELOOP']);

/** A snapshot that was taken. */
export interface TakenSnapshot {
  readonly description: StoredDescription;
  readonly manifest: Manifest;
  readonly mounts: readonly string[];
}

interface Subject {
  readonly store: SnapshotStore;
  readonly files: FileService;
  readonly containerId: string;
  readonly imageId: string;
  readonly roots: readonly string[];
  readonly kind: StoredDescription['kind'];
  readonly config: ResolvedRollbackConfig;
}

/** Takes a snapshot. The caller has stopped the sandbox's programs. */
export async function takeSnapshot(subject: Subject): Promise<TakenSnapshot> {
  const { store, files, containerId, imageId, kind, roots } = subject;
  const listing = await listFileSystems(files, roots);
  const previous = await store.readLatest();
  shareRecords(listing, previous);
  const changed = findChanged(listing);
  const kept = reuseKept(changed, { listing, previous });
  await reuseByHash(changed, { files, kept, previous });
  const toSave = changed.filter(
    ({ path, type, isChanged }) => type === 'file' && isChanged && kept.get(path)?.digest === undefined,
  );
  const toRead = changed.filter(({ path, hasAttributes }) => hasAttributes && kept.get(path)?.attributes === undefined);
  refuseIfTooLarge(toSave, subject.config);
  await readAttributes(toRead, { files, kept });
  await saveContents(toSave, { files, kept });
  const manifest = { records: listing.records, kept };
  const description: StoredDescription = {
    id: createId('snap'),
    containerId,
    imageId,
    createdAt: new Date(),
    kind,
    pathCount: listing.records.size,
    addedBytes: sumUp(toSave),
    covered: roots,
    notCovered: listing.mounts.filter((path) => !roots.includes(path)),
    notKept: changed
      .filter((entry) => entry.type === 'other' || losesAttributes({ ...entry, ...kept.get(entry.path) }))
      .map(({ path }) => display(path)),
  };
  await store.write(description, manifest);
  return { description, manifest, mounts: listing.mounts };
}

/** The present state, with the digest of what a snapshot has too and may not have changed; nothing is kept. */
export async function lookAt(
  snapshot: Manifest,
  { files, roots }: Pick<Subject, 'files' | 'roots'>,
): Promise<{ readonly manifest: Manifest; readonly mounts: readonly string[] }> {
  const listing = await listFileSystems(files, roots);
  shareRecords(listing, snapshot);
  const kept = new Map<string, Kept>();
  const changed = findChanged(listing).filter(({ path }) => snapshot.records.get(path) !== listing.records.get(path));
  await reuseByHash(changed, { files, kept, previous: snapshot });
  return { manifest: { records: listing.records, kept }, mounts: listing.mounts };
}

/** What may differ from the image, does not come from it, or has there what a container of the image does not tell. */
function findChanged({ records }: Listing): ManifestEntry[] {
  const manifest = { records, kept: new Map<string, Kept>() };
  const changed: string[] = [];
  for (const [path, record] of records) if (isChangedRecord(record) || hasAttributesRecord(record)) changed.push(path);
  return changed.flatMap((path) => entryAt(manifest, path) ?? []);
}

/** Takes the records of before for what has not changed since: one copy for all snapshots, and known at a glance. */
function shareRecords({ records }: Listing, previous: Manifest | undefined): void {
  if (previous === undefined) return;
  for (const [path, record] of records) {
    const before = previous.records.get(path);
    // The names of one file are told by its device too, which another start of the container changes.
    if (before === undefined || !isSameRecord(before, record)) continue;
    if (before.equals(record) || decodeRecord(record).linkCount === 1) records.set(path, before);
  }
}

/** What the snapshot before holds already, found without reading it. */
function reuseKept(
  changed: readonly ManifestEntry[],
  { listing, previous }: { readonly listing: Listing; readonly previous: Manifest | undefined },
): Map<string, Kept> {
  const reused = new Map<string, Kept>();
  for (const { path } of changed) {
    const kept = previous?.kept.get(path);
    if (kept !== undefined && previous?.records.get(path) === listing.records.get(path)) reused.set(path, kept);
  }
  return reused;
}

/** The same for what may have changed, but has not: a mapped file's time of change tells nothing for a while. */
async function reuseByHash(
  changed: readonly ManifestEntry[],
  { files, kept, previous }: Work & { readonly previous: Manifest | undefined },
): Promise<void> {
  const likely = changed.filter(({ path, type, sizeBytes }) => {
    if (type !== 'file' || kept.get(path)?.digest !== undefined || previous === undefined) return false;
    const before = entryAt(previous, path);
    return before?.digest !== undefined && before.sizeBytes === sizeBytes;
  });
  await inBatches(likely, async ({ path }) => {
    const digest = previous?.kept.get(path)?.digest;
    if (digest !== undefined && (await hashIfThere(path, files)) === digest)
      kept.set(path, { ...kept.get(path), digest });
  });
}

interface Work {
  readonly files: FileService;
  readonly kept: Map<string, Kept>;
}

/** Leaves out what has more than can be written back. */
async function readAttributes(entries: readonly ManifestEntry[], { files, kept }: Work): Promise<void> {
  await inBatches(entries, async ({ path }) => {
    try {
      kept.set(path, { ...kept.get(path), attributes: await files.readAttributes(toPath(path)) });
    } catch (error) {
      const isTooLong = hasCode(error, coreErrorCodes.fileOperation) && error.details['errno'] === 'E2BIG';
      if (!isTooLong && !hasCode(error, coreErrorCodes.fileAnswerTooLarge)) throw error;
    }
  });
}

async function saveContents(entries: readonly ManifestEntry[], { files, kept }: Work): Promise<void> {
  await inBatches(entries, async ({ path, changedNs }) => {
    const saved = await saveUnchanged(path, files);
    if (saved?.changedNs !== changedNs) throw refuseChanging(path);
    kept.set(path, { ...kept.get(path), digest: saved.digest });
  });
}

/** Resolves with undefined where the file was written to or removed meanwhile. */
async function saveUnchanged(path: string, files: FileService): Promise<SavedContents | undefined> {
  return files.save(toPath(path)).catch(unlessChanging);
}

async function hashIfThere(path: string, files: FileService): Promise<string | undefined> {
  return files.hash(toPath(path)).catch(unlessChanging);
}

function unlessChanging(error: unknown): undefined {
  if (!hasCode(error, coreErrorCodes.fileOperation) || !CHANGING.has(String(error.details['errno']))) throw error;
}

function refuseChanging(path: string): RollbackError {
  return new RollbackError(
    rollbackErrorCodes.fileChanging,
    `${display(path)} was changed while it was read, so no snapshot was taken`,
    {
      details: { path: display(path) },
      suggestion: "Something else than the sandbox's programs writes there, such as a process of docker exec: stop it.",
    },
  );
}

/** What contents take in the store: holes take nothing. */
function toBytes({ sizeBytes, allocatedBytes }: ManifestEntry): number {
  return Math.min(sizeBytes, allocatedBytes);
}

function sumUp(entries: readonly ManifestEntry[]): number {
  return entries.reduce((sum, entry) => sum + toBytes(entry), 0);
}

function refuseIfTooLarge(entries: readonly ManifestEntry[], config: ResolvedRollbackConfig): void {
  const sizeBytes = sumUp(entries);
  const maxBytes = config.maxSnapshotMb * 1024 * 1024;
  if (sizeBytes <= maxBytes) return;
  const largest = [...entries].sort((a, b) => toBytes(b) - toBytes(a)).slice(0, 5);
  throw new RollbackError(
    rollbackErrorCodes.snapshotTooLarge,
    `The snapshot would take ${sizeBytes} bytes, at most ${maxBytes} are allowed; nothing was saved`,
    {
      details: { sizeBytes, maxBytes, largest: largest.map(({ path }) => display(path)) },
      suggestion: 'Remove large files, or raise maxSnapshotMb.',
    },
  );
}
