import type { PayloadReader } from './wire.js';

/** A sandbox's own control group as the kernel shows it inside. What it doesn't tell is absent. */
export interface Counters {
  /** Memory in use, page cache included, in bytes. */
  readonly memoryBytes?: number;
  /** The most memory in use since the sandbox started, in bytes; it can't be reset from inside. */
  readonly memoryPeakBytes?: number;
  /** The memory limit in force, in bytes. */
  readonly memoryLimitBytes?: number;
  /** How many processes were killed because memory was out. */
  readonly oomKills?: number;
  /** Processes and threads alive. */
  readonly pids?: number;
  /** The limit on processes and threads in force. */
  readonly pidsLimit?: number;
  /** How many forks failed at that limit. */
  readonly pidsRefused?: number;
  /** CPU time used since the sandbox started, in microseconds. */
  readonly cpuMicroseconds?: number;
}

const FIELDS = [
  'memoryBytes',
  'memoryPeakBytes',
  'memoryLimitBytes',
  'oomKills',
  'pids',
  'pidsLimit',
  'pidsRefused',
  'cpuMicroseconds',
] as const;

const ABSENT = 0xffff_ffff_ffff_ffffn;

/** Reads the counters of one frame. */
export function readCounters(reader: PayloadReader): Counters {
  const counters: { -readonly [K in keyof Counters]: Counters[K] } = {};
  for (const field of FIELDS) {
    const value = reader.u64();
    // Version 1 says "no limit" with a number near 2^63.
    if (value !== ABSENT && value <= BigInt(Number.MAX_SAFE_INTEGER)) counters[field] = Number(value);
  }
  return counters;
}
