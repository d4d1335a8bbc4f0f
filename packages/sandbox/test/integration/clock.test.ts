import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import { buildPackage } from '@paracle/test-support';

const JUMP_IN_TIME = fileURLToPath(new URL('support/jump-in-time.mjs', import.meta.url));

beforeAll(() => buildPackage('sandbox'));

it('keeps its time limits where the wall clock jumps', () => {
  const said = execFileSync(process.execPath, [JUMP_IN_TIME]).toString();
  expect(JSON.parse(said)).toEqual({
    exitCode: 0,
    timedOut: 'PARACLE_SANDBOX_TIMEOUT',
    silent: 'PARACLE_SUPERVISOR_TIMEOUT',
    isInOrder: true,
    isPlausible: true,
    hasJumped: true,
  });
});
