import type { ResourceUsage } from '@paracle/core';

/** What a sandbox used at one moment. What the kernel doesn't tell is absent. */
export interface SandboxSample {
  /** When it was asked for, in milliseconds since the monitor's first sample, by this process's clock that never jumps. */
  readonly elapsedMs: number;
  /** CPU time since the sample before per wall time, in percent of one core: two busy cores are 200. */
  readonly cpuPercent?: number;
  /** Memory in use without page cache that the kernel would give back, in bytes (the working set). */
  readonly memoryBytes?: number;
  /** The working set in percent of the limit in force. */
  readonly memoryPercent?: number;
  /** Processes and threads, the supervisor included. */
  readonly pids?: number;
  /** Since the sandbox started, in bytes. */
  readonly blockReadBytes?: number;
  readonly blockWriteBytes?: number;
  readonly networkReceivedBytes?: number;
  readonly networkSentBytes?: number;
}

/** What is averaged, peaks, and may have thresholds. */
export type SampleMetric = Exclude<keyof SandboxSample, 'elapsedMs'>;

/** All metrics, in the order of {@link SandboxSample}. */
export const SAMPLE_METRICS: readonly SampleMetric[] = [
  'cpuPercent',
  'memoryBytes',
  'memoryPercent',
  'pids',
  'blockReadBytes',
  'blockWriteBytes',
  'networkReceivedBytes',
  'networkSentBytes',
];

const NS_PER_US = 1000;

/** Makes a sample of two readings; the first one of all has no reading before it. */
export function toSample(now: ResourceUsage, before: ResourceUsage | undefined, elapsedMs: number): SandboxSample {
  const { memoryBytes, inactiveCacheBytes = 0, memoryLimitBytes } = now;
  const workingSet = memoryBytes === undefined ? undefined : Math.max(0, memoryBytes - inactiveCacheBytes);
  const cpuPercent = toCpuPercent(now, before);
  return {
    elapsedMs,
    ...(cpuPercent !== undefined && { cpuPercent }),
    ...(workingSet !== undefined && { memoryBytes: workingSet }),
    ...(workingSet !== undefined &&
      memoryLimitBytes !== undefined &&
      memoryLimitBytes > 0 && { memoryPercent: (workingSet / memoryLimitBytes) * 100 }),
    ...(now.pids !== undefined && { pids: now.pids }),
    ...(now.blockReadBytes !== undefined && { blockReadBytes: now.blockReadBytes }),
    ...(now.blockWriteBytes !== undefined && { blockWriteBytes: now.blockWriteBytes }),
    ...(now.networkReceivedBytes !== undefined && { networkReceivedBytes: now.networkReceivedBytes }),
    ...(now.networkSentBytes !== undefined && { networkSentBytes: now.networkSentBytes }),
  };
}

function toCpuPercent(now: ResourceUsage, before: ResourceUsage | undefined): number | undefined {
  if (now.cpuMicroseconds === undefined || before?.cpuMicroseconds === undefined) return undefined;
  const wallNs = Number(now.takenNs - before.takenNs);
  const cpuNs = (now.cpuMicroseconds - before.cpuMicroseconds) * NS_PER_US;
  return wallNs > 0 ? Math.max(0, (cpuNs / wallNs) * 100) : undefined;
}
