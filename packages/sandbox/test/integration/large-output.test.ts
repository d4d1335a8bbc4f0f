import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import { buildPackage } from '@paracle/test-support';
import { SandboxManager } from '../../src/index.js';
import { recordFigures } from './support/figures.js';

const PRINT_GIBIBYTE = fileURLToPath(new URL('support/print-gibibyte.mjs', import.meta.url));
const GIBIBYTE = 1024 ** 3;

beforeAll(() => buildPackage('sandbox'));

it('takes a gibibyte of output in a process that grows by less than 50 MB', () => {
  const answer = JSON.parse(execFileSync(process.execPath, ['--expose-gc', PRINT_GIBIBYTE]).toString()) as {
    readonly exitCode: number;
    readonly bytes: number;
    readonly grewBytes: number;
    readonly durationMs: number;
  };
  recordFigures('1 GiB: MB of growth', [answer.grewBytes / 1e6]);
  recordFigures('1 GiB: MB a second', [GIBIBYTE / 1e3 / answer.durationMs]);
  expect(answer).toMatchObject({ exitCode: 0, bytes: GIBIBYTE });
  expect(answer.grewBytes).toBeLessThan(50_000_000);
});

it('holds no more than its window of a command whose output nobody takes', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const execution = sandbox.start(['sh', '-c', 'head -c 100000000 /dev/zero; head -c 100000000 /dev/zero >&2'], {
    maxOutputBytes: 0,
  });
  const taken = { stdout: 0, stderr: 0 };
  for await (const { stream, bytes } of execution.output) taken[stream] += bytes.length;
  await expect(execution.result).resolves.toMatchObject({ exitCode: 0 });
  expect(taken).toEqual({ stdout: 100_000_000, stderr: 100_000_000 });
});
