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

/** Reads one entry of a walk. */
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
    path: Buffer.from(reader.bytes(reader.u16())),
  };
  const target = Buffer.from(reader.bytes(reader.u16()));
  return type === 'symlink' ? { ...entry, target } : entry;
}
