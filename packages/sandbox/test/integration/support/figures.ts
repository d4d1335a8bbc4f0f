import { appendFileSync } from 'node:fs';

/** Keeps measured figures apart from the verdict: one JSON line in the file `PARACLE_TEST_FIGURES`, if that is set. */
export function recordFigures(name: string, values: readonly number[]): void {
  const file = process.env['PARACLE_TEST_FIGURES'];
  if (file === undefined || values.length === 0) return;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;
  const figures = { name, count: sorted.length, median: at(0.5), p95: at(0.95), max: at(1) };
  appendFileSync(file, `${JSON.stringify(figures)}\n`);
}
