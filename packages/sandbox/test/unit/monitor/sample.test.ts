import { expect, it } from '@jest/globals';
import type { ResourceUsage } from '@paracle/core';
import { toSample } from '../../../src/monitor/sample.js';
import { SampleStatistics } from '../../../src/monitor/sample-statistics.js';

const MS = 1_000_000n;
const first: ResourceUsage = {
  takenNs: 5_000n * MS,
  cpuMicroseconds: 1_000_000,
  memoryBytes: 300,
  inactiveCacheBytes: 100,
  memoryLimitBytes: 1000,
  pids: 3,
};

it('leaves out what can’t be known: CPU before there are two readings, and what the kernel does not tell', () => {
  expect(toSample(first, undefined, 0)).toEqual({
    elapsedMs: 0,
    memoryBytes: 200,
    memoryPercent: 20,
    pids: 3,
  });
  expect(toSample({ takenNs: 7n * MS }, first, 7)).toEqual({ elapsedMs: 7 });
});

it('counts CPU time over all cores by the sandbox’s own clock', () => {
  const now = { ...first, takenNs: first.takenNs + 500n * MS, cpuMicroseconds: 1_750_000 };
  expect(toSample(now, first, 501)).toMatchObject({ elapsedMs: 501, cpuPercent: 150 });
});

it.each([
  ['a clock that stands still', { takenNs: first.takenNs }, undefined],
  ['a clock that goes back', { takenNs: 0n }, undefined],
  ['a counter that goes back', { takenNs: first.takenNs + MS, cpuMicroseconds: 0 }, 0],
])('is not led astray by %s', (_title, change, cpuPercent) => {
  expect(toSample({ ...first, ...change }, first, 1).cpuPercent).toBe(cpuPercent);
});

it('knows no share of a limit of nothing', () => {
  expect(toSample({ ...first, memoryLimitBytes: 0 }, undefined, 0).memoryPercent).toBeUndefined();
  expect(toSample({ ...first, memoryBytes: 0, memoryLimitBytes: 0 }, undefined, 0).memoryPercent).toBeUndefined();
});

it('takes more cache than memory for no memory', () => {
  expect(toSample({ ...first, inactiveCacheBytes: 500 }, undefined, 0).memoryBytes).toBe(0);
});

it('sums up over the samples that had a value', () => {
  const statistics = new SampleStatistics();
  expect(statistics.averages).toEqual({});
  for (const sample of [
    { elapsedMs: 0, pids: 2 },
    { elapsedMs: 1, pids: 6, cpuPercent: 50 },
    { elapsedMs: 2, pids: 4, cpuPercent: 100 },
  ])
    statistics.add(sample);

  expect(statistics.averages).toEqual({ pids: 4, cpuPercent: 75 });
  expect(statistics.peaks).toEqual({ pids: 6, cpuPercent: 100 });
});

it('tells what was read from and written to block devices where the kernel does', () => {
  const sample = toSample({ ...first, blockReadBytes: 1, blockWriteBytes: 2 }, undefined, 0);
  expect(sample).toMatchObject({ blockReadBytes: 1, blockWriteBytes: 2 });
  expect(toSample(first, undefined, 0)).not.toHaveProperty('blockReadBytes');
});
