import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Engine } from '@paracle/core';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { PrivateEngine } from '@paracle/test-support';
import { RollbackManager } from '../../src/index.js';

const noSpace = expect.objectContaining({
  name: 'RollbackError',
  code: 'PARACLE_ROLLBACK_NO_SPACE',
  details: expect.objectContaining({ errno: 'ENOSPC' }),
});

let machine: PrivateEngine;
let engine: Engine;
let manager: SandboxManager;
let rollback: RollbackManager;
let sandbox: Sandbox;
let snapshotId: string;
let before: string;

beforeAll(async () => {
  machine = await PrivateEngine.boot(Engine, { filesystem: 'ext4' });
  engine = new Engine({ endpoint: machine.endpoint });
  manager = new SandboxManager({ engine });
  rollback = new RollbackManager({ engine, config: { policy: { triggers: ['on_limit'] } } });
  sandbox = await manager.create();
  await run('head -c 30M /dev/urandom > big; echo old > small; mkdir dir; touch -d 2001-02-03 dir');
  before = await state();
  snapshotId = await rollback.createSnapshot(sandbox);
}, 120_000);

afterAll(async () => {
  await manager.close();
  await engine.close();
  await machine[Symbol.asyncDispose]();
});

async function run(script: string): Promise<string> {
  return (await sandbox.execute(['sh', '-c', script], { check: true })).stdout;
}

async function state(): Promise<string> {
  return run('find . -printf "%p %y %m %T@ %s\\n" | sort; sha256sum big small');
}

/** As a process of its own, which remembers nothing of the store. */
async function verify(): Promise<readonly string[]> {
  await using other = new Engine({ endpoint: machine.endpoint });
  const elsewhere = new RollbackManager({ engine: other });
  const ids = (await elsewhere.listSnapshots(sandbox.id)).map(({ id }) => id);
  for (const id of ids) await elsewhere.verifySnapshot(id, sandbox.id);
  return ids;
}

it('takes no snapshot, begins no work and ends no rollback half known while the engine’s disk is full', async () => {
  await run(': > big; rmdir dir; echo new > small; head -c 5M /dev/urandom > more');
  const changed = await state();
  const { totalBytes } = await rollback.measureSnapshots(sandbox);
  machine.fillDisk();
  const work = jest.fn(async () => undefined);

  await expect(rollback.createSnapshot(sandbox)).rejects.toEqual(noSpace);
  await expect(rollback.protect(sandbox, work)).rejects.toEqual(noSpace);
  await expect(rollback.rollback(snapshotId, sandbox)).rejects.toEqual(noSpace);

  expect(work).not.toHaveBeenCalled();
  expect(await state()).toBe(changed);
  expect(await verify()).toEqual([snapshotId]);
  expect((await rollback.measureSnapshots(sandbox)).totalBytes).toBe(totalBytes);
}, 120_000);

it('finishes a rollback, that the full disk cut short, once there is room', async () => {
  const without = new RollbackManager({ engine, config: { policy: { backupBeforeRollback: false } } });
  await expect(without.rollback(snapshotId, sandbox)).rejects.toEqual(noSpace);
  expect(await verify()).toEqual([snapshotId]);

  machine.freeDisk();
  const { safetySnapshotId } = await rollback.rollback(snapshotId, sandbox);

  expect(await state()).toBe(before);
  expect(await verify()).toEqual([snapshotId, safetySnapshotId]);
  await expect(rollback.protect(sandbox, async () => run('cat small'))).resolves.toMatchObject({ value: 'old\n' });
}, 120_000);
