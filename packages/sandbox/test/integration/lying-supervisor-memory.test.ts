import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import { Engine, ownerLabels } from '@paracle/core';
import { buildPackage, installLyingSupervisor } from '@paracle/test-support';
import { recordFigures } from './support/figures.js';

const TAKE_LIES = fileURLToPath(new URL('support/take-lies.mjs', import.meta.url));

beforeAll(() => buildPackage('sandbox'));

interface Answer {
  readonly outcome: string;
  readonly growthBytes: number;
  readonly turns: number;
  readonly durationMs: number;
}

it('neither grows beyond its bounds nor stands still, whatever a supervisor sends', async () => {
  await using engine = new Engine();
  await using liar = await installLyingSupervisor(engine, ownerLabels);
  const child = [TAKE_LIES, JSON.stringify(liar.mount)];
  const answers = JSON.parse(execFileSync(process.execPath, ['--expose-gc', ...child]).toString()) as Record<
    string,
    Answer
  >;
  for (const [name, { growthBytes, turns }] of Object.entries(answers)) {
    recordFigures(`lie: ${name}: MB of growth`, [growthBytes / 1e6]);
    recordFigures(`lie: ${name}: turns of a timer of 10 ms`, [turns]);
  }
  const told = Object.fromEntries(Object.entries(answers).map(([name, { outcome }]) => [name, outcome]));
  expect(told).toEqual({
    flood: 'exited',
    'tiny output that nobody takes': 'exited',
    'more output than was granted': 'PARACLE_SANDBOX_LOST',
    'a frame of 4 GiB': 'PARACLE_SANDBOX_LOST',
    'a million entries': 'PARACLE_SUPERVISOR_FILE_ANSWER_TOO_LARGE',
    'a million entries, taken': 'done',
    'entries without an end': 'PARACLE_SUPERVISOR_FILE_ANSWER_TOO_LARGE',
    'credit for input that is never read': 'held up',
    'a file without an end, byte by byte': 'PARACLE_SANDBOX_FILE_TOO_LARGE',
  });
  const isLarge = (name: string): boolean => name === 'a million entries, taken' || name === 'entries without an end';
  for (const [name, { growthBytes }] of Object.entries(answers))
    expect({ name, isBounded: growthBytes < (isLarge(name) ? 1200e6 : 100e6) }).toEqual({ name, isBounded: true });
  expect(answers['flood']?.turns).toBeGreaterThan(5);
});
