import { describe, expect, it } from '@jest/globals';
import type { ExitReport } from '@paracle/core';
import { attributeEnd, findLimitsHit, toUsage } from '../../../src/execution/attribute-end.js';

function createReport(fields: Partial<ExitReport>): ExitReport {
  return {
    endedBy: 'none',
    wasKilledBySupervisor: false,
    wasShared: false,
    hasBackground: false,
    survivorCount: 0,
    durationMs: 1,
    userCpuMs: 2,
    systemCpuMs: 3,
    peakProcessBytes: 4,
    before: { oomKills: 1, pidsRefused: 0 },
    after: { oomKills: 1, pidsRefused: 0, memoryLimitBytes: 100, pidsLimit: 16 },
    ...fields,
  };
}

const oomKilled = { after: { oomKills: 2, pidsRefused: 0, memoryLimitBytes: 100 } };

describe('attributeEnd', () => {
  it.each([
    { title: 'an exit code', fields: { exitCode: 0 }, cause: 'exited' },
    { title: 'an exit code after a child ran out of memory', fields: { exitCode: 137, ...oomKilled }, cause: 'exited' },
    { title: 'a signal', fields: { signalNumber: 15 }, cause: 'signalled' },
    { title: 'a SIGKILL while the counter stood', fields: { signalNumber: 9 }, cause: 'signalled' },
    { title: 'a SIGKILL while the counter rose', fields: { signalNumber: 9, ...oomKilled }, cause: 'oom' },
    { title: 'another signal while the counter rose', fields: { signalNumber: 11, ...oomKilled }, cause: 'signalled' },
    {
      title: 'our own SIGKILL while the counter rose',
      fields: { signalNumber: 9, wasKilledBySupervisor: true, ...oomKilled },
      cause: 'signalled',
    },
    {
      title: 'a SIGKILL where the kernel has no counter',
      fields: { signalNumber: 9, before: {}, after: {} },
      cause: 'signalled',
    },
    { title: 'a time-out, though it exited 0', fields: { endedBy: 'timeout', exitCode: 0 }, cause: 'timeout' },
    { title: 'an abort', fields: { endedBy: 'aborted', signalNumber: 15 }, cause: 'aborted' },
    { title: 'a rollback', fields: { endedBy: 'rolled_back', signalNumber: 9 }, cause: 'rolled_back' },
    { title: 'too much output', fields: { endedBy: 'output', signalNumber: 15 }, cause: 'output' },
    { title: 'the end of the connection', fields: { endedBy: 'disconnected', signalNumber: 9 }, cause: 'lost' },
    { title: 'an end that nobody saw', fields: {}, cause: 'lost' },
  ] as const)('calls $title $cause', ({ fields, cause }) => {
    expect(attributeEnd(createReport(fields))).toBe(cause);
  });
});

describe('findLimitsHit', () => {
  it('finds none where no counter rose', () => {
    expect(findLimitsHit(createReport({ exitCode: 1 }))).toEqual([]);
  });

  it('gives the counters before and after as evidence', () => {
    const after = { oomKills: 3, pidsRefused: 5, memoryLimitBytes: 100, pidsLimit: 16 };
    expect(findLimitsHit(createReport({ after }))).toEqual([
      { limit: 'memory', evidence: { oomKillsBefore: 1, oomKillsAfter: 3, limit: 100 }, scope: 'execution' },
      { limit: 'pids', evidence: { pidsRefusedBefore: 0, pidsRefusedAfter: 5, limit: 16 }, scope: 'execution' },
    ]);
  });

  it('calls it shared where another execution ran', () => {
    expect(findLimitsHit(createReport({ wasShared: true, ...oomKilled }))).toMatchObject([
      { limit: 'memory', scope: 'shared' },
    ]);
  });

  it('guesses nothing where a counter is missing or went back', () => {
    expect(findLimitsHit(createReport({ before: {}, after: { oomKills: 5 } }))).toEqual([]);
    expect(findLimitsHit(createReport({ before: { oomKills: 5 }, after: { oomKills: 0 } }))).toEqual([]);
  });
});

it('tells the peak of the sandbox only where the kernel does', () => {
  expect(toUsage(createReport({}))).not.toHaveProperty('sandboxPeakBytes');
  expect(toUsage(createReport({ after: { memoryPeakBytes: 7 }, wasShared: true }))).toEqual({
    durationMs: 1,
    userCpuMs: 2,
    systemCpuMs: 3,
    peakProcessBytes: 4,
    sandboxPeakBytes: 7,
    isShared: true,
  });
});
