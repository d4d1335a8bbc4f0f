import { PayloadWriter } from '@paracle/core';
import { entryAt, type Kept, type Manifest, type ManifestEntry } from '../../../src/snapshot/manifest.js';

/** A path as a test describes it. */
export interface TestEntry extends Kept {
  readonly path: string;
  readonly type: ManifestEntry['type'];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkCount: number;
  readonly inode: bigint;
  readonly device: bigint;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
  readonly target?: string;
  readonly isChanged: boolean;
  /** Also where the snapshot has none of them: there were too many. */
  readonly hasAttributes?: boolean;
  readonly hasCapabilities?: boolean;
}

type Overrides = Partial<TestEntry>;
type EntryMaker = (path: string, overrides?: Overrides) => TestEntry;

const TYPE = { file: 0o100000, directory: 0o040000, symlink: 0o120000, fifo: 0o010000, other: 0o140000 } as const;
const NS = 1_000_000_000n;
export const LONG_AGO_NS = 1_000n * NS;

function maker(defaults: Pick<TestEntry, 'type' | 'mode' | 'sizeBytes'> & Overrides): EntryMaker {
  const common = { uid: 1000, gid: 1000, inode: 1n, device: 1n, linkCount: 1, isChanged: false };
  const times = { modifiedNs: LONG_AGO_NS, changedNs: LONG_AGO_NS };
  return (path, overrides = {}) => ({ path, ...common, ...times, ...defaults, ...overrides });
}

/** A file whose contents are still the image's, unless a digest is given. */
export const file: EntryMaker = maker({ type: 'file', mode: 0o644, sizeBytes: 4 });
export const directory: EntryMaker = maker({ type: 'directory', mode: 0o755, sizeBytes: 0 });
export const symlink: EntryMaker = maker({ type: 'symlink', mode: 0o777, sizeBytes: 0, target: 'a' });
export const fifo: EntryMaker = maker({ type: 'fifo', mode: 0o600, sizeBytes: 0 });
export const other: EntryMaker = maker({ type: 'other', mode: 0o600, sizeBytes: 0 });

/** An entry as a walk has it. */
export function recordOf(entry: TestEntry): Buffer {
  const { type, mode, uid, gid, linkCount, inode, device, sizeBytes, modifiedNs, changedNs, path, target } = entry;
  const { isChanged, attributes, hasAttributes = attributes !== undefined, hasCapabilities = false } = entry;
  const flags = (isChanged ? 0x1_0000 : 0) + (hasAttributes ? 0x2_0000 : 0) + (hasCapabilities ? 0x8_0000 : 0);
  const writer = new PayloadWriter()
    .u32(TYPE[type] + mode + flags)
    .u32(uid)
    .u32(gid)
    .u32(linkCount);
  writer.u64(BigInt.asIntN(64, inode)).u64(device).u64(0n).u64(BigInt(sizeBytes)).u64(0n);
  for (const time of [modifiedNs, changedNs]) writeTime(writer, time);
  for (const text of [path, target ?? '']) writer.u16(text.length).bytes(Buffer.from(text, 'latin1'));
  return writer.finish();
}

function writeTime(writer: PayloadWriter, time: bigint): void {
  const nanoseconds = ((time % NS) + NS) % NS;
  writer.u64((time - nanoseconds) / NS).u32(Number(nanoseconds));
}

export function manifestOf(...entries: readonly TestEntry[]): Manifest {
  return {
    records: new Map(entries.map((entry) => [entry.path, recordOf(entry)])),
    kept: new Map(entries.flatMap((entry) => toKept(entry))),
  };
}

function toKept({ path, digest, attributes }: TestEntry): [string, Kept][] {
  if (digest === undefined && attributes === undefined) return [];
  return [[path, { ...(digest !== undefined && { digest }), ...(attributes !== undefined && { attributes }) }]];
}

/** All of it, decoded. */
export function entriesOf(manifest: Manifest): ManifestEntry[] {
  return [...manifest.records.keys()].flatMap((path) => entryAt(manifest, path) ?? []);
}
