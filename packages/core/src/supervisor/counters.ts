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

/** What monitoring reads in one go. What the kernel doesn't tell is absent. */
export interface ResourceUsage extends Counters {
  /** When it was read, in nanoseconds of the sandbox's clock that never jumps. */
  readonly takenNs: bigint;
  /** Page cache that the kernel would give back first, in bytes. */
  readonly inactiveCacheBytes?: number;
  /** Read from block devices since the sandbox started, in bytes; absent until there was any. */
  readonly blockReadBytes?: number;
  /** Written to block devices since the sandbox started, in bytes; absent until there was any. */
  readonly blockWriteBytes?: number;
  /** Received over the network since the sandbox started, in bytes, loopback left out. */
  readonly networkReceivedBytes?: number;
  /** Sent over the network since the sandbox started, in bytes, loopback left out. */
  readonly networkSentBytes?: number;
}

const USAGE_FIELDS = [
  'inactiveCacheBytes',
  'blockReadBytes',
  'blockWriteBytes',
  'networkReceivedBytes',
  'networkSentBytes',
] as const;

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
  return readFields(reader, FIELDS);
}

/** Reads counters and usage of one frame. */
export function readResourceUsage(reader: PayloadReader): ResourceUsage {
  const counters = readCounters(reader);
  const takenNs = reader.u64();
  return { ...counters, takenNs, ...readFields(reader, USAGE_FIELDS) };
}

function readFields<Field extends string>(reader: PayloadReader, fields: readonly Field[]): { [K in Field]?: number } {
  const values: { [K in Field]?: number } = {};
  for (const field of fields) {
    const value = reader.u64();
    // Version 1 says "no limit" with a number near 2^63.
    if (value !== ABSENT && value <= BigInt(Number.MAX_SAFE_INTEGER)) values[field] = Number(value);
  }
  return values;
}
