import { execFileSync } from 'node:child_process';
import { beforeAll, expect, it } from '@jest/globals';
import { buildPackages, childProgram } from './support/built.js';

beforeAll(buildPackages);

it('keeps its time limits where the wall clock jumps', () => {
  const said = execFileSync(process.execPath, [childProgram('jump-in-time.mjs')]).toString();
  expect(JSON.parse(said)).toEqual({
    exitCode: 0,
    timedOut: 'PARACLE_SANDBOX_TIMEOUT',
    silent: 'PARACLE_SUPERVISOR_TIMEOUT',
    isInOrder: true,
    isPlausible: true,
    hasJumped: true,
  });
});
