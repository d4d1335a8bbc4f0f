import type { CallOptions, FileService } from '@paracle/core';
import { inBatches } from '../restore/in-batches.js';
import type { PristineFiles } from '../restore/pristine-files.js';
import { listFileSystems } from '../snapshot/list-file-systems.js';
import { display, type Manifest, type ManifestEntry, toPath } from '../snapshot/manifest.js';
import { type EntryPair, findCandidates, hasOtherState } from './compare-manifests.js';
import { digestContents } from './digest-contents.js';
import type { Digest, FileChange, FileState } from './file-change.js';

/** Limits a diff; it has ten minutes unless `timeoutMs` says otherwise. */
export interface DiffOptions extends CallOptions {
  /** Absolute path: only what is below it is compared, and paths are relative to it. @defaultValue everything, absolute */
  readonly root?: string;
}

interface Sources {
  readonly files: FileService;
  readonly roots: readonly string[];
  readonly pristine: PristineFiles;
}

/** What differs between a snapshot and now. The caller has stopped the sandbox's programs. */
export async function diffSnapshot(snapshot: Manifest, sources: Sources, options: DiffOptions): Promise<FileChange[]> {
  const { records } = await listFileSystems(sources.files, sources.roots);
  const candidates = findCandidates(snapshot, { records, kept: new Map() }).filter(({ path }) =>
    isBelow(path, options.root),
  );
  const changes = await inBatches(candidates, async (pair) => toChange(pair, sources));
  return changes.flatMap((change) =>
    change === undefined ? [] : [{ ...change, path: relativeTo(change.path, options.root) }],
  );
}

function isBelow(path: string, root: string | undefined): boolean {
  return root === undefined || path.startsWith(`${Buffer.from(root).toString('latin1')}/`);
}

function relativeTo(path: string, root: string | undefined): string {
  return root === undefined ? path : path.slice(root.length + 1);
}

async function toChange(pair: EntryPair, sources: Sources): Promise<FileChange | undefined> {
  const { before, after } = pair;
  const path = display(pair.path);
  const newDigest = after?.type === 'file' ? await sources.files.hash(toPath(pair.path)) : undefined;
  const oldDigest =
    before?.type === 'file' ? (before.digest ?? (await hashPristine(sources.pristine, path))) : undefined;
  const states = {
    ...(before !== undefined && { before: toState(before, oldDigest) }),
    ...(after !== undefined && { after: toState(after, newDigest) }),
  };
  if (before === undefined) return { path, change: 'added', ...states };
  if (after === undefined) return { path, change: 'deleted', ...states };
  return hasOtherState(before, after) || oldDigest !== newDigest ? { path, change: 'modified', ...states } : undefined;
}

async function hashPristine(pristine: PristineFiles, path: string): Promise<Digest> {
  return digestContents(await pristine.read(path));
}

function toState(entry: ManifestEntry, digest: Digest | undefined): FileState {
  const { type, mode, uid, gid, sizeBytes, target } = entry;
  return {
    type: type === 'fifo' ? 'other' : type,
    mode,
    uid,
    gid,
    sizeBytes,
    ...(digest !== undefined && { digest }),
    ...(target !== undefined && { target: display(target) }),
  };
}
