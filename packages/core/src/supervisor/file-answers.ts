import { type FileEntry, readFileEntry, requireBelow } from './file-entry.js';
import { PayloadReader } from './wire.js';

/** A file service's answers. */
export const ANSWER = { ok: 1, error: 2, chunk: 3, entries: 4, skipped: 5 } as const;

const DIGEST_BYTES = 32;

/** A request that is answered by data of one type has no use for any other. */
export function requireType(expected: number, found: number): void {
  if (found !== expected) throw new RangeError(`an answer of type ${found} where ${expected} was to come`);
}

/** For a request that is answered by no data. */
export function refuseData(type: number): void {
  throw new RangeError(`an answer of type ${type} where none was to come`);
}

/** Takes over the entries of a walk. */
export function takeEntries(
  type: number,
  payload: Buffer,
  walk: { readonly root: Buffer; readonly entries: FileEntry[] },
): void {
  requireType(ANSWER.entries, type);
  const reader = new PayloadReader(payload);
  while (reader.left > 0) {
    const entry = readFileEntry(reader);
    requireBelow(walk.root, entry.path);
    walk.entries.push(entry);
  }
}

/** Reads a digest. */
export function toDigest(reader: PayloadReader): `sha256:${string}` {
  return `sha256:${reader.bytes(DIGEST_BYTES).toString('hex')}`;
}
