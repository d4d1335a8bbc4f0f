import { type FileRecord, PayloadReader, PayloadWriter, splitEntries } from '@paracle/core';
import type { Digest } from '../diff/file-change.js';
import type { Kept, Manifest } from './manifest.js';

/** A manifest as it differs from a base: most paths are the same in all snapshots of a sandbox. */
export interface ManifestDelta extends Manifest {
  readonly removed: readonly string[];
}

const MAGIC = 'PRM1';
const DIGEST_BYTES = 32;
/** As many as a walk finds. */
const MAX_ITEMS = 1_000_000;
const KEPT = { digest: 1, attributes: 2 } as const;
const ROOT = Buffer.from('/');

/** What makes a manifest of its base. */
export function subtract(manifest: Manifest, base: Manifest): ManifestDelta {
  const isSame = (path: string, record: FileRecord): boolean => {
    const before = base.records.get(path);
    const isSameRecord = before === record || before?.equals(record) === true;
    return isSameRecord && isSameKept(base.kept.get(path), manifest.kept.get(path));
  };
  const records = new Map<string, FileRecord>();
  for (const [path, record] of manifest.records) if (!isSame(path, record)) records.set(path, record);
  const removed: string[] = [];
  for (const path of base.records.keys()) if (!manifest.records.has(path)) removed.push(path);
  return { removed, records, kept: new Map([...manifest.kept].filter(([path]) => records.has(path))) };
}

function isSameKept(a: Kept | undefined, b: Kept | undefined): boolean {
  const haveSameAttributes =
    a?.attributes === b?.attributes ||
    (a?.attributes !== undefined && b?.attributes !== undefined && a.attributes.equals(b.attributes));
  return a?.digest === b?.digest && haveSameAttributes;
}

/** Undoes {@link subtract}. */
export function add(base: Manifest, delta: ManifestDelta): Manifest {
  const records = new Map(base.records);
  const kept = new Map(base.kept);
  for (const path of [...delta.removed, ...delta.records.keys()]) kept.delete(path);
  for (const path of delta.removed) records.delete(path);
  for (const [path, record] of delta.records) records.set(path, record);
  for (const [path, contents] of delta.kept) kept.set(path, contents);
  return { records, kept };
}

/** Writes down a manifest, whole or as the difference to the base with this digest. */
export function encodeManifest(delta: ManifestDelta, base?: Digest): Buffer {
  const writer = new PayloadWriter().bytes(Buffer.from(MAGIC)).bytes(toBytes(base));
  writer.u32(delta.removed.length);
  for (const path of delta.removed) writePath(writer, path);
  const records = Buffer.concat([...delta.records.values()]);
  writer.u32(records.length).bytes(records).u32(delta.kept.size);
  for (const [path, { digest, attributes }] of delta.kept) {
    writePath(writer, path);
    writer.u8((digest === undefined ? 0 : KEPT.digest) | (attributes === undefined ? 0 : KEPT.attributes));
    if (digest !== undefined) writer.bytes(toBytes(digest));
    if (attributes !== undefined) writer.u32(attributes.length).bytes(attributes);
  }
  return writer.finish();
}

/**
 * Reads what {@link encodeManifest} wrote; a `RangeError` where it is damaged. The store is the sandbox's: a manifest made
 * to be costly costs no more than its bytes.
 */
export function decodeManifest(bytes: Buffer): { readonly base?: Digest; readonly delta: ManifestDelta } {
  const reader = new PayloadReader(bytes);
  if (reader.bytes(MAGIC.length).toString() !== MAGIC) throw new RangeError('no manifest');
  const base = reader.bytes(DIGEST_BYTES);
  const removed = readMany(reader, () => readPath(reader));
  const records = new Map<string, FileRecord>();
  splitEntries(reader.bytes(reader.u32()), ROOT, (path, record) => records.set(path, record));
  const kept = new Map(readMany(reader, () => [readPath(reader), readKept(reader)] as const));
  if (reader.left > 0) throw new RangeError('a manifest with bytes left over');
  return { ...(base.some((byte) => byte !== 0) && { base: toDigest(base) }), delta: { removed, records, kept } };
}

function readKept(reader: PayloadReader): Kept {
  const flags = reader.u8();
  return {
    ...((flags & KEPT.digest) !== 0 && { digest: toDigest(reader.bytes(DIGEST_BYTES)) }),
    ...((flags & KEPT.attributes) !== 0 && { attributes: reader.bytes(reader.u32()) }),
  };
}

function readMany<Item>(reader: PayloadReader, read: () => Item): Item[] {
  const items: Item[] = [];
  const count = reader.u32();
  if (count > MAX_ITEMS) throw new RangeError('a manifest of more paths than a walk finds');
  for (let left = count; left > 0; left--) items.push(read());
  return items;
}

function writePath(writer: PayloadWriter, path: string): void {
  writer.u16(path.length).bytes(Buffer.from(path, 'latin1'));
}

function readPath(reader: PayloadReader): string {
  return reader.bytes(reader.u16()).toString('latin1');
}

function toBytes(digest: Digest | undefined): Buffer {
  return digest === undefined ? Buffer.alloc(DIGEST_BYTES) : Buffer.from(digest.slice('sha256:'.length), 'hex');
}

function toDigest(bytes: Buffer): Digest {
  return `sha256:${bytes.toString('hex')}`;
}
