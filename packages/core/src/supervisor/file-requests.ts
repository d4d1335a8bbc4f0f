import type { PayloadWriter } from './wire.js';

/** Requests to a file service. */
export const OP = {
  walk: 1,
  read: 2,
  write: 3,
  data: 4,
  writeEnd: 5,
  makeDirectory: 6,
  symlink: 7,
  remove: 8,
  set: 9,
  hash: 10,
  save: 11,
  restore: 12,
  stat: 13,
  space: 14,
  room: 15,
  link: 16,
  fifo: 17,
  readAttributes: 18,
  writeAttributes: 19,
} as const;

const SET = { mode: 1, owner: 2, time: 4 } as const;

/** What is set on a path; what is absent stays as it is. */
export interface FileAttributes {
  readonly mode?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Time of last modification, nanoseconds since 1970. */
  readonly modifiedNs?: bigint;
}

/** Writes down what is to be set. */
export function attributes(writer: PayloadWriter, set: FileAttributes): PayloadWriter {
  const flags =
    (set.mode === undefined ? 0 : SET.mode) |
    (set.owner === undefined ? 0 : SET.owner) |
    (set.modifiedNs === undefined ? 0 : SET.time);
  const time = set.modifiedNs ?? 0n;
  const nanoseconds = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return writer
    .u32(flags)
    .u32(set.mode ?? 0)
    .u32(set.owner?.uid ?? 0)
    .u32(set.owner?.gid ?? 0)
    .u64((time - nanoseconds) / 1_000_000_000n)
    .u32(Number(nanoseconds));
}
