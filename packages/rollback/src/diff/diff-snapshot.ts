import { isDeepStrictEqual } from 'node:util';
import { type CallOptions, type FileService, parseConfig } from '@paracle/core';
import { rootSchema, toPrefix } from '../config/root.js';
import { streamBatches } from '../restore/in-batches.js';
import type { PristineFiles } from '../restore/pristine-files.js';
import { display, type Manifest, type ManifestEntry, toPath } from '../snapshot/manifest.js';
import { findCandidatePaths, pairAt } from './compare-manifests.js';
import { digestContents } from './digest-contents.js';
import type { Digest, FileChange, FileState } from './file-change.js';

/** Limits a diff; it has ten minutes unless `timeoutMs` says otherwise. */
export interface DiffOptions extends CallOptions {
  /** Another snapshot of the sandbox to compare with. @defaultValue the present state */
  readonly to?: string;
  /** Absolute path: only what is below it is compared, and paths are relative to it. @defaultValue everything, absolute */
  readonly root?: string;
}

/** Finds the digest of a file on one side of a comparison. */
type DigestFinder = (entry: ManifestEntry) => Promise<Digest>;

/** Contents that are still the image's are looked up there. */
export function inSnapshot(pristine: PristineFiles): DigestFinder {
  return async (file) => file.digest ?? digestContents(await pristine.read(file));
}

/** The present contents. */
export function inSandbox(files: FileService): DigestFinder {
  return async ({ path }) => files.hash(toPath(path));
}

/**
 * What differs between two states of a sandbox, sorted by path. Of all that may differ only the paths are in memory, which
 * the manifests have too.
 *
 * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` where `root` is not absolute
 */
export async function* diffManifests(
  before: { readonly manifest: Manifest; readonly find: DigestFinder },
  after: { readonly manifest: Manifest; readonly find: DigestFinder },
  { root }: DiffOptions,
): AsyncGenerator<FileChange, void, undefined> {
  const below = parseConfig(rootSchema.optional(), root, 'root of the diff');
  const prefix = below === undefined ? '' : toPrefix(below);
  const paths = findCandidatePaths(before.manifest, after.manifest, prefix);
  const changes = streamBatches(paths, async (path) => {
    const { before: old, after: found } = pairAt(before.manifest, after.manifest, path);
    const states = await Promise.all([toState(old, before.find), toState(found, after.find)]);
    return toChange(display(path.slice(prefix.length)), ...states);
  });
  for await (const change of changes) if (change !== undefined) yield change;
}

function toChange(path: string, before: FileState | undefined, after: FileState | undefined): FileChange | undefined {
  if (before === undefined) return after && { path, change: 'added', after };
  if (after === undefined) return { path, change: 'deleted', before };
  return isDeepStrictEqual(before, after) ? undefined : { path, change: 'modified', before, after };
}

async function toState(entry: ManifestEntry | undefined, find: DigestFinder): Promise<FileState | undefined> {
  if (entry === undefined) return undefined;
  const { type, mode, uid, gid, sizeBytes, target } = entry;
  return {
    type: type === 'fifo' ? 'other' : type,
    mode,
    uid,
    gid,
    sizeBytes,
    ...(type === 'file' && { digest: await find(entry) }),
    ...(target !== undefined && { target: display(target) }),
  };
}
