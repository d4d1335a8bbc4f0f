import type { FileRecord } from './file-entry.js';
import type { PayloadReader } from './wire.js';

/** A file service's answers. */
export const ANSWER = { ok: 1, error: 2, chunk: 3, entries: 4, skipped: 5 } as const;

const DIGEST_BYTES = 32;

/** Contents in a sandbox's store. */
export interface SavedContents {
  readonly digest: `sha256:${string}`;
  readonly sizeBytes: number;
  /** Time of the last change of the file that they were copied from, in nanoseconds since 1970. */
  readonly changedNs: bigint;
}

/** What lies below a path. */
export interface FileListing {
  /** By path, written as latin1. */
  readonly records: Map<string, FileRecord>;
  /** Where something is mounted. */
  readonly skipped: readonly string[];
}

/** Space that a tree takes. */
export interface SpaceUsage {
  readonly bytes: number;
  /** Files, directories and everything else that has a name. */
  readonly entries: number;
  /** Of what changed since the moment that was asked for. */
  readonly changedBytes: number;
  readonly changedEntries: number;
}

/** A request that is answered by data of one type has no use for any other. */
export function requireType(expected: number, found: number): void {
  if (found !== expected) throw new RangeError(`an answer of type ${found} where ${expected} was to come`);
}

/** For a request that is answered by no data. */
export function refuseData(type: number): void {
  throw new RangeError(`an answer of type ${type} where none was to come`);
}

/** Reads a digest. */
export function toDigest(reader: PayloadReader): `sha256:${string}` {
  return `sha256:${reader.bytes(DIGEST_BYTES).toString('hex')}`;
}
