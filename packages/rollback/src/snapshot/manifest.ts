import type { FileEntry } from '@paracle/core';
import { z } from 'zod';
import type { Digest } from '../diff/file-change.js';

/** One path in a snapshot. Paths are bytes written as latin1, so that none is lost. */
export interface ManifestEntry {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly inode: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
  /** Where a link points to; latin1 like the path. */
  readonly target?: string;
  /** Contents in the sandbox's store; absent where they are still the image's. */
  readonly digest?: Digest;
}

/** All paths of a sandbox's root file system, sorted. */
export type Manifest = ReadonlyMap<string, ManifestEntry>;

/** Takes over what a walk found. */
export function toManifestEntry(entry: FileEntry): ManifestEntry {
  const { type, mode, uid, gid, inode, modifiedNs, changedNs, target } = entry;
  return {
    path: entry.path.toString('latin1'),
    type,
    mode,
    uid,
    gid,
    sizeBytes: type === 'file' ? entry.sizeBytes : 0,
    inode,
    modifiedNs,
    changedNs,
    ...(target !== undefined && { target: target.toString('latin1') }),
  };
}

/** Sorts entries by path: a directory comes before what is in it. */
export function toManifest(entries: Iterable<ManifestEntry>): Manifest {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  return new Map(sorted.map((entry) => [entry.path, entry]));
}

const big = z
  .string()
  .regex(/^-?\d+$/u)
  .transform(BigInt);
const digest = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/u)]);

const storedSchema: z.ZodType<ManifestEntry[]> = z
  .array(
    z.strictObject({
      path: z.string(),
      type: z.enum(['file', 'directory', 'symlink', 'other']),
      mode: z.int(),
      uid: z.int(),
      gid: z.int(),
      sizeBytes: z.int(),
      inode: big,
      modifiedNs: big,
      changedNs: big,
      target: z.string().optional(),
      digest: digest.optional(),
    }),
  )
  .transform((entries) =>
    entries.map(({ target, digest: contents, ...entry }) => ({
      ...entry,
      ...(target !== undefined && { target }),
      ...(contents !== undefined && { digest: contents }),
    })),
  );

/** Writes a manifest down. */
export function encodeManifest(manifest: Manifest): Buffer {
  return Buffer.from(
    JSON.stringify([...manifest.values()], (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
    'latin1',
  );
}

/** Reads what {@link encodeManifest} wrote; throws where it is damaged. */
export function decodeManifest(bytes: Buffer): Manifest {
  return toManifest(storedSchema.parse(JSON.parse(bytes.toString('latin1'))));
}
