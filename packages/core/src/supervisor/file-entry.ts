import type { PayloadReader } from './wire.js';

/** One path of a sandbox's file system, as `lstat` sees it. */
export interface FileEntry {
  /** Absolute path; bytes, because a name need not be UTF-8. */
  readonly path: Buffer;
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  /** Permission, set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkCount: number;
  readonly inode: bigint;
  readonly device: bigint;
  /** Device that a device node stands for. */
  readonly deviceNode: bigint;
  readonly sizeBytes: number;
  /** Space really taken on disk, in bytes. */
  readonly allocatedBytes: number;
  /** Time of the last change of contents, in nanoseconds since 1970. */
  readonly modifiedNs: bigint;
  /** Time of the last change of anything, in nanoseconds since 1970; can't be set by programs. */
  readonly changedNs: bigint;
  /** Where a symbolic link points to. */
  readonly target?: Buffer;
}

const TYPE_MASK = 0o170000;
const TYPES: Readonly<Record<number, FileEntry['type']>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
};
const BLOCK_BYTES = 512;
/** @see include/uapi/linux/limits.h of the kernel: PATH_MAX is 4096, its NUL included */
const MAX_PATH_BYTES = 4095;
const SLASH = 0x2f;

/** Reads one entry of a walk; one that can't be true is a `RangeError`. */
export function readFileEntry(reader: PayloadReader): FileEntry {
  const mode = reader.u32();
  const type = TYPES[mode & TYPE_MASK] ?? 'other';
  const entry = {
    type,
    mode: mode & 0o7777,
    uid: reader.u32(),
    gid: reader.u32(),
    linkCount: reader.u32(),
    inode: reader.u64(),
    device: reader.u64(),
    deviceNode: reader.u64(),
    sizeBytes: reader.size(),
    allocatedBytes: reader.size() * BLOCK_BYTES,
    modifiedNs: reader.i64() * 1_000_000_000n + BigInt(reader.u32()),
    changedNs: reader.i64() * 1_000_000_000n + BigInt(reader.u32()),
    path: readText(reader),
  };
  const target = readText(reader);
  return type === 'symlink' ? { ...entry, target } : entry;
}

function readText(reader: PayloadReader): Buffer {
  const bytes = reader.bytes(reader.u16());
  if (bytes.length > MAX_PATH_BYTES || bytes.includes(0)) throw new RangeError('a path that no file system has');
  return Buffer.from(bytes);
}

/**
 * Refuses a path that a walk of `root` can't come by: one that lies elsewhere, or has an empty component, `.` or
 * `..`. What is done with the entries later may then join and compare paths as they are.
 */
export function requireBelow(root: Buffer, path: Buffer): void {
  if (path.equals(root)) return;
  const isRoot = root.length === 1 && root[0] === SLASH;
  const start = isRoot ? 0 : root.length;
  const isInside = path.subarray(0, root.length).equals(root) && path[start] === SLASH;
  if (isInside && !/\/\.{0,2}(?:\/|$)/u.test(path.toString('latin1', start))) return;
  throw new RangeError('an entry that is not below what was walked');
}
