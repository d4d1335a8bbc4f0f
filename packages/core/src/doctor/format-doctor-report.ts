import type { DoctorFinding, DoctorReport } from './doctor-report.js';

const marks = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const;

/** A report as plain text, for a terminal. */
export function formatDoctorReport({ engine, findings }: DoctorReport): string {
  return [engine ?? 'No engine', '', ...findings.flatMap(formatFinding)].join('\n');
}

function formatFinding({ status, title, explanation, remedy }: DoctorFinding): readonly string[] {
  const lines = [`${marks[status]}  ${title}`, ...indent(explanation)];
  return remedy === undefined ? lines : [...lines, ...indent(remedy, '-> ')];
}

function indent(text: string, mark = ''): readonly string[] {
  return text.split('\n').map((line, index) => `         ${index === 0 ? mark : ' '.repeat(mark.length)}${line}`);
}
