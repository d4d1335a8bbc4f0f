import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { NetworkIsolator } from '@paracle/isolation';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { execAsRoot, waitUntil } from '@paracle/test-support';
import { RollbackManager, type RollbackStep } from '../../src/index.js';
import { caughtFrom } from './support/workbench.js';

let host = '';
let manager: SandboxManager;
let rollback: RollbackManager;

beforeAll(async () => {
  host = await mkdtemp(join(tmpdir(), 'paracle-recover-'));
  manager = new SandboxManager({ allowedHostPaths: [host] });
  rollback = new RollbackManager({ engine: manager.engine });
});

afterAll(async () => {
  await manager.close();
  await rm(host, { recursive: true });
});

async function run(sandbox: Sandbox, script: string): Promise<string> {
  return (await sandbox.execute(['sh', '-c', script], { check: true })).stdout;
}

async function kill({ container }: Sandbox): Promise<void> {
  await manager.engine.containers.kill(container.id, 'SIGKILL');
  await waitUntil('it has stopped', async () => !(await isRunning(container.id)));
}

async function isRunning(containerId: string): Promise<boolean> {
  return (await manager.engine.containers.inspect(containerId)).state.isRunning;
}

/** Cuts a rollback short. */
async function cutShort(sandbox: Sandbox, snapshotId: string, at: RollbackStep = 'remove'): Promise<void> {
  const stop = new Error('stop');
  const onProgress = ({ step }: { readonly step: string }): void => {
    if (step === at) throw stop;
  };
  expect(await caughtFrom(rollback.rollback(snapshotId, sandbox, { onProgress }))).toBe(stop);
}

async function recover({ container }: Sandbox): Promise<object | undefined> {
  return (await rollback.recover()).find((each) => each.container === container.id);
}

it('starts nothing again where a program put a link on the way to a mount', async () => {
  const mounts = [{ source: host, target: '/workspace/x/repo', readOnly: false }];
  await using sandbox = await manager.create({ mounts });
  await rollback.createSnapshot(sandbox);
  await execAsRoot(manager.engine, sandbox.container.id, ['chown', '1000', '/workspace/x']);
  await execAsRoot(manager.engine, sandbox.container.id, [
    'sh',
    '-c',
    'cd /workspace && mv x y && mkdir x && ln -s /.paracle/bin x/repo',
  ]);
  await kill(sandbox);

  const moved = { code: 'PARACLE_SUPERVISOR_MOUNT_MOVED', details: { path: '/workspace/x/repo' } };
  await expect(rollback.listSnapshots(sandbox)).rejects.toMatchObject(moved);
  expect(await isRunning(sandbox.container.id)).toBe(false);
});

it('believes no hold that a mount may have brought, and recovers the others', async () => {
  await using sandbox = await manager.create({
    mounts: [{ source: host, target: '/workspace/x/repo', readOnly: false }],
  });
  await execAsRoot(manager.engine, sandbox.container.id, [
    'sh',
    '-c',
    'echo {} > /workspace/x/repo/rollback.json; cd /workspace && mv x y && mkdir x && ln -s /.paracle/store/holds x/repo; mkdir -p /.paracle/store/holds',
  ]);
  await using other = await manager.create();
  const snapshotId = await rollback.createSnapshot(other);
  await cutShort(other, snapshotId);
  await kill(sandbox);

  const recovered = await rollback.recover();

  const outcomeOf = ({ container }: Sandbox): object | undefined =>
    recovered.find((each) => each.container === container.id);
  expect(outcomeOf(sandbox)).toMatchObject({ outcome: 'failed', error: { code: 'PARACLE_SUPERVISOR_MOUNT_MOVED' } });
  expect(outcomeOf(other)).toMatchObject({ outcome: 'completed' });
});

it('starts a sandbox again on no network', async () => {
  await using isolator = new NetworkIsolator({ engine: manager.engine });
  const network = await isolator.createNetwork();
  await using sandbox = await manager.create({ networkMode: network.id });
  const snapshotId = await rollback.createSnapshot(sandbox);
  await kill(sandbox);

  await rollback.rollback(snapshotId, sandbox);

  const { networkSettings, state } = await manager.engine.containers.inspect(sandbox.container.id);
  expect(state.isRunning).toBe(true);
  const { Networks } = networkSettings as { readonly Networks: object };
  const names = Object.keys(Networks);
  expect(names.filter((name) => name !== 'none')).toEqual([]);
});

it('recovers and forks a sandbox whose root file system is read-only', async () => {
  const create = async (): Promise<Sandbox> => manager.create({ diskMb: 64, diskEnforcement: 'tmpfs' });
  await using sandbox = await create();
  await run(sandbox, 'echo old > file');
  const snapshotId = await rollback.createSnapshot(sandbox);
  await run(sandbox, 'echo new > file');
  await cutShort(sandbox, snapshotId);
  await kill(sandbox);

  expect(await recover(sandbox)).toMatchObject({ outcome: 'completed' });
  expect(await execAsRoot(manager.engine, sandbox.container.id, ['cat', '/workspace/file'])).toBe('old\n');
  const [fork] = await rollback.fork(snapshotId, sandbox, { create });
  expect(await fork?.execute(['cat', 'file'])).toMatchObject({ stdout: 'old\n' });
  await fork?.destroy();
});

it('keeps what was done since a rollback was cut short, and what was before it', async () => {
  await using sandbox = await manager.create();
  const snapshotId = await rollback.createSnapshot(sandbox);
  await run(sandbox, 'echo 1 > first');
  await cutShort(sandbox, snapshotId);
  await run(sandbox, 'echo 2 > second');
  await cutShort(sandbox, snapshotId);
  await run(sandbox, 'echo 3 > third');

  expect(await recover(sandbox)).toMatchObject({ outcome: 'completed' });

  expect(await run(sandbox, 'ls')).toBe('');
  const saved = (await rollback.listSnapshots(sandbox)).filter(({ kind }) => kind === 'safety');
  expect(saved).toHaveLength(3);
  const contents: string[] = [];
  for (const { id } of saved) {
    const { restored } = await rollback.rollback(id, sandbox, { dryRun: true });
    contents.push(restored.filter((path) => path.startsWith('/workspace/')).join(' '));
  }
  expect(contents).toEqual([
    '/workspace/first',
    '/workspace/first /workspace/second',
    '/workspace/first /workspace/second /workspace/third',
  ]);
});

it('leaves no journal where a rollback was given up before anything was changed', async () => {
  await using sandbox = await manager.create();
  const snapshotId = await rollback.createSnapshot(sandbox);
  const abort = new AbortController();
  const onProgress = ({ step }: { readonly step: string }): void => {
    if (step === 'save_state') abort.abort(new Error('enough'));
  };
  await expect(rollback.rollback(snapshotId, sandbox, { signal: abort.signal, onProgress })).rejects.toThrow('enough');
  expect(await recover(sandbox)).toBeUndefined();
});

it('lets a rollback of a part not stand for that of all', async () => {
  await using sandbox = await manager.create();
  const snapshotId = await rollback.createSnapshot(sandbox);
  await run(sandbox, 'mkdir src; touch src/a b');
  await cutShort(sandbox, snapshotId);
  await rollback.rollback(snapshotId, sandbox, { only: ['src/**'], root: '/workspace' });
  expect(await run(sandbox, 'ls')).toContain('b');

  expect(await recover(sandbox)).toMatchObject({ outcome: 'completed' });
  expect(await run(sandbox, 'ls')).toBe('');
  expect(await recover(sandbox)).toBeUndefined();
});

it('tells of a journal that is damaged, until another rollback replaces it', async () => {
  await using sandbox = await manager.create();
  const snapshotId = await rollback.createSnapshot(sandbox);
  await cutShort(sandbox, snapshotId);
  await execAsRoot(manager.engine, sandbox.container.id, ['sh', '-c', 'echo x > /.paracle/store/holds/rollback.json']);
  expect(await recover(sandbox)).toMatchObject({
    outcome: 'failed',
    error: { code: 'PARACLE_ROLLBACK_SNAPSHOT_DAMAGED' },
  });
  await rollback.rollback(snapshotId, sandbox);
  expect(await recover(sandbox)).toBeUndefined();
});

it('keeps a snapshot of protected work that a rollback within it needs', async () => {
  await using sandbox = await manager.create();
  await rollback.protect(sandbox, async ({ snapshotId }) => {
    await run(sandbox, 'touch new');
    await cutShort(sandbox, snapshotId);
  });
  expect(await recover(sandbox)).toMatchObject({ outcome: 'completed' });
  expect(await run(sandbox, 'ls')).toBe('');
});

it('refuses more globs than its journal can hold', async () => {
  await using sandbox = await manager.create();
  const snapshotId = await rollback.createSnapshot(sandbox);
  const only = Array.from({ length: 1001 }, (_none, index) => `file-${index}`);
  await expect(rollback.rollback(snapshotId, sandbox, { only })).rejects.toMatchObject({
    code: 'PARACLE_CORE_CONFIG_INVALID',
  });
});
