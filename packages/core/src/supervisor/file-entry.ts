import { PayloadReader } from './wire.js';

/** One path of a sandbox's file system, as `lstat` sees it. */
export interface FileEntry {
  /** Absolute path; bytes, because a name need not be UTF-8. */
  readonly path: Buffer;
  /** `other`: a socket or a device. */
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'other';
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
  /** Whether anything about it may have changed since the sandbox was first started. False in a listing of `/` alone. */
  readonly isChanged: boolean;
  /** Whether it has extended attributes that {@link FileService.readAttributes} reads. */
  readonly hasAttributes: boolean;
  /** Whether it is a program with capabilities of its own (`security.capability`), which can't be given back. */
  readonly hasCapabilities: boolean;
}

/** What a listing says of one path, in the bytes that it came in. */
export type FileRecord = Buffer;

const TYPE_MASK = 0o170000;
const TYPES: Readonly<Record<number, FileEntry['type']>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
  0o010000: 'fifo',
};
/** Above the bits of `st_mode`. */
const FLAG = { changed: 0x1_0000, attributes: 0x2_0000, unsure: 0x4_0000, capabilities: 0x8_0000 } as const;
const BLOCK_BYTES = 512;
/** Of the fields of a record that are looked at before it is decoded. */
const OFFSET = { device: 24, deviceNode: 32, sizes: 40, blocks: 48, times: 56, path: 80 } as const;

/** @see include/uapi/linux/limits.h of the kernel: PATH_MAX is 4096, its NUL included */
const MAX_PATH_BYTES = 4095;
const SLASH = 0x2f;
const ODD_COMPONENT = /\/\.{0,2}(?:\/|$)/u;
/** Of the upper half of a size that fits into a double exactly. */
const MAX_SIZE_HIGH = 0x1f_ffff;

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
    isChanged: (mode & FLAG.changed) !== 0,
    hasAttributes: (mode & FLAG.attributes) !== 0,
    hasCapabilities: (mode & FLAG.capabilities) !== 0,
    path: Buffer.from(readText(reader)),
  };
  const target = Buffer.from(readText(reader));
  return type === 'symlink' ? { ...entry, target } : entry;
}

function readText(reader: PayloadReader): Buffer {
  const bytes = reader.bytes(reader.u16());
  if (bytes.length > MAX_PATH_BYTES || bytes.includes(0)) throw new RangeError('a path that no file system has');
  return bytes;
}

/**
 * Cuts the entries of a walk apart without decoding them, and checks them so that decoding can't fail later. One that
 * can't be true is a `RangeError`.
 */
export function splitEntries(payload: Buffer, root: Buffer, take: (path: string, record: FileRecord) => void): void {
  for (let start = 0; start < payload.length; ) {
    if (start + OFFSET.path > payload.length) throw new RangeError('a payload that ends within an entry');
    const pathEnd = endOfText(payload, start + OFFSET.path);
    const end = endOfText(payload, pathEnd);
    for (const offset of [OFFSET.sizes, OFFSET.blocks])
      if (payload.readUInt32LE(start + offset + 4) > MAX_SIZE_HIGH) throw new RangeError('a size that is out of range');
    take(requireBelow(root, payload.subarray(start + OFFSET.path + 2, pathEnd)), payload.subarray(start, end));
    start = end;
  }
}

/** Where a text ends that begins at this place of a payload. */
function endOfText(payload: Buffer, start: number): number {
  const length = start + 2 > payload.length ? 0 : payload.readUInt16LE(start);
  const end = start + 2 + length;
  if (end > payload.length) throw new RangeError('a payload that ends within an entry');
  if (length > MAX_PATH_BYTES) throw new RangeError('a path that no file system has');
  const nul = length === 0 ? -1 : payload.indexOf(0, start + 2);
  if (nul >= 0 && nul < end) throw new RangeError('a path that no file system has');
  return end;
}

/**
 * Whether certainly nothing about a path changed between two records: the time of change can't be set by programs. Where
 * the supervisor was not sure of it at the first look, contents may have changed without it (a mapped file). What is new to the file system, such as a device number after a start of the container, counts for nothing.
 */
export function isSameRecord(before: FileRecord, after: FileRecord): boolean {
  if ((before.readUInt32LE(0) & FLAG.unsure) !== 0) return false;
  if (before === after || before.equals(after)) return true;
  const isSame = (start: number, end?: number): boolean =>
    before.subarray(start, end).equals(after.subarray(start, end));
  return isSame(0, OFFSET.device) && isSame(OFFSET.deviceNode, OFFSET.blocks) && isSame(OFFSET.times);
}

/** Whether a record says that the path may have been changed since the sandbox was first started. */
export function isChangedRecord(record: FileRecord): boolean {
  return (record.readUInt32LE(0) & FLAG.changed) !== 0;
}

/** Whether a record says that the path has extended attributes that a snapshot keeps, or capabilities. */
export function hasAttributesRecord(record: FileRecord): boolean {
  return (record.readUInt32LE(0) & (FLAG.attributes | FLAG.capabilities)) !== 0;
}

/** Decodes a record of a listing. */
export function decodeRecord(record: FileRecord): FileEntry {
  return readFileEntry(new PayloadReader(record));
}

/**
 * Refuses a path that a walk of `root` can't come by: one that lies elsewhere, or has an empty component, `.` or
 * `..`. What is done with the entries later may then join and compare paths as they are. The path in latin1.
 */
export function requireBelow(root: Buffer, path: Buffer): string {
  const text = path.toString('latin1');
  if (path.equals(root)) return text;
  const start = root.length === 1 && root[0] === SLASH ? 0 : root.length;
  const isInside = path[start] === SLASH && (start === 0 || path.subarray(0, start).equals(root));
  if (isInside && !ODD_COMPONENT.test(start === 0 ? text : text.slice(start))) return text;
  throw new RangeError('an entry that is not below what was walked');
}
