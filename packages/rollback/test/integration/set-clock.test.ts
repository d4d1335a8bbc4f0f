import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, expect, it } from '@jest/globals';
import { SandboxManager } from '@paracle/sandbox';
import { RollbackManager } from '../../src/index.js';

const run = promisify(execFile);
const manager = new SandboxManager();
const rollback = new RollbackManager({ engine: manager.engine });

afterAll(() => manager.close());

/** Sets the machine's clock back while something is done. */
async function withClockSetBack(seconds: number, work: () => Promise<void>): Promise<void> {
  const [wall, start] = [Date.now(), performance.now()];
  const set = async (ms: number): Promise<unknown> => run('date', ['-s', `@${ms / 1000}`]);
  await set(wall - seconds * 1000);
  try {
    await work();
  } finally {
    await set(wall + performance.now() - start);
  }
}

it('keeps what was written while the clock was set back to before the sandbox began', async () => {
  await using sandbox = await manager.create();
  await withClockSetBack(30, async () => {
    await sandbox.execute(['sh', '-c', 'echo precious > file'], { check: true });
  });
  const snapshotId = await rollback.createSnapshot(sandbox);
  await sandbox.execute(['sh', '-c', 'echo worthless > file'], { check: true });
  expect((await rollback.diff(snapshotId, sandbox, { root: '/workspace' })).map(({ path }) => path)).toEqual(['file']);

  await rollback.rollback(snapshotId, sandbox);

  expect((await sandbox.files.read('file')).toString()).toBe('precious\n');
});
