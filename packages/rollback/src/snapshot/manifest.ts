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

/** Absolute, without an empty component, `.` or `..`. */
const path = z.string().refine((text) => text === '/' || (text.startsWith('/') && !/\0|\/\.{0,2}(?:\/|$)/u.test(text)));

const storedSchema: z.ZodType<ManifestEntry> = z
  .strictObject({
    path,
    type: z.enum(['file', 'directory', 'symlink', 'other']),
    mode: z.int().min(0).max(0o7777),
    uid: z.int().min(0),
    gid: z.int().min(0),
    sizeBytes: z.int().min(0),
    inode: big,
    modifiedNs: big,
    changedNs: big,
    target: z.string().optional(),
    digest: digest.optional(),
  })
  .transform(({ target, digest: contents, ...entry }) => ({
    ...entry,
    ...(target !== undefined && { target }),
    ...(contents !== undefined && { digest: contents }),
  }));

/** Two paths of 4 KiB, each byte of which may be written as `\u00ff`, and the rest. */
const MAX_LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const LINES_AT_ONCE = 1000;

/** Writes a manifest down, one entry a line. */
export function encodeManifest(manifest: Manifest): Buffer {
  const toText = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);
  const entries = [...manifest.values()];
  const pieces: Buffer[] = [];
  // The whole may be longer than a string can be.
  for (let at = 0; at < entries.length; at += LINES_AT_ONCE) {
    const lines = entries.slice(at, at + LINES_AT_ONCE).map((entry) => `${JSON.stringify(entry, toText)}\n`);
    pieces.push(Buffer.from(lines.join(''), 'latin1'));
  }
  return Buffer.concat(pieces);
}

/**
 * Reads what {@link encodeManifest} wrote; throws where it is damaged. The store is the sandbox's: one line is read at a
 * time and the first that is no entry ends it, so that a manifest made to be costly costs no more than its bytes.
 */
export function decodeManifest(bytes: Buffer): Manifest {
  const entries: ManifestEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at);
    if (end < 0 || end - at > MAX_LINE_BYTES) throw new RangeError('a manifest with a line that is none');
    entries.push(storedSchema.parse(JSON.parse(bytes.toString('latin1', at, end))));
    at = end + 1;
  }
  return toManifest(entries);
}
