import { type Counters, type ExitReport, signalNumber } from '@paracle/core';
import type { ExecutionCause, ExecutionUsage, LimitHit } from './execution-result.js';

const SIGKILL = signalNumber('SIGKILL');
function hit(limit: LimitHit['limit'], counter: keyof Counters, report: ExitReport): LimitHit[] {
  const before = report.before[counter];
  const after = report.after[counter];
  if (before === undefined || after === undefined || after <= before) return [];
  const bound = limit === 'memory' ? report.after.memoryLimitBytes : report.after.pidsLimit;
  return [
    {
      limit,
      evidence: {
        [`${counter}Before`]: before,
        [`${counter}After`]: after,
        ...(bound !== undefined && { limit: bound }),
      },
      scope: report.wasShared ? 'shared' : 'execution',
    },
  ];
}

/** Which limits were reached while it ran: read from the kernel's counters, never guessed. */
export function findLimitsHit(report: ExitReport): LimitHit[] {
  return [...hit('memory', 'oomKills', report), ...hit('pids', 'pidsRefused', report)];
}

/** How the leader ended. `oom` only where it got a SIGKILL that was not ours and the counter rose. */
export function attributeEnd(report: ExitReport): ExecutionCause {
  if (report.endedBy === 'disconnected') return 'lost';
  if (report.endedBy !== 'none') return report.endedBy;
  if (report.exitCode !== undefined) return 'exited';
  if (report.signalNumber === undefined) return 'lost';
  const wasKilled = report.signalNumber === SIGKILL && !report.wasKilledBySupervisor;
  return wasKilled && hit('memory', 'oomKills', report).length > 0 ? 'oom' : 'signalled';
}

/** What it used. */
export function toUsage(report: ExitReport): ExecutionUsage {
  const { durationMs, userCpuMs, systemCpuMs, peakProcessBytes, wasShared } = report;
  const sandboxPeakBytes = report.after.memoryPeakBytes;
  return {
    durationMs,
    userCpuMs,
    systemCpuMs,
    peakProcessBytes,
    ...(sandboxPeakBytes !== undefined && { sandboxPeakBytes }),
    isShared: wasShared,
  };
}
