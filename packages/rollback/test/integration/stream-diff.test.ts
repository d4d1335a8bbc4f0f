import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { execAsRoot, scaled, waitUntil } from '@paracle/test-support';
import { type FileChange, RollbackManager } from '../../src/index.js';

const FILES = 20_000;

const manager = new SandboxManager();
const rollback = new RollbackManager({ engine: manager.engine });
let sandbox: Sandbox;
let snapshotId: string;

beforeEach(async () => {
  sandbox = await manager.create();
  await run('echo old > old');
  snapshotId = await rollback.createSnapshot(sandbox);
});

afterAll(() => manager.close());

async function run(script: string): Promise<void> {
  await sandbox.execute(['sh', '-c', script], { check: true });
}

/** Adds a line every 10 ms. */
async function startCounting(): Promise<void> {
  void sandbox.execute(['sh', '-c', 'while :; do echo >> /dev/shm/count; sleep 0.01; done']).catch(() => undefined);
  await waitUntil('it counts', async () => (await count()) > 0);
}

async function count(): Promise<number> {
  return Number(
    await execAsRoot(manager.engine, sandbox.container.id, ['sh', '-c', 'wc -l < /dev/shm/count || echo 0']),
  );
}

async function expectCounting(): Promise<void> {
  const before = await count();
  await waitUntil('it counts again', async () => (await count()) > before);
}

it('yields what the array has, in its order', async () => {
  const files = scaled(FILES);
  await run(`rm old; mkdir many; cd many; seq ${files} | xargs touch`);
  const streamed: FileChange[] = [];
  for await (const change of rollback.streamDiff(snapshotId, sandbox)) streamed.push(change);

  expect(streamed).toHaveLength(files + 2);
  expect(streamed.map(({ path }) => path)).toEqual(streamed.map(({ path }) => path).toSorted());
  expect(await rollback.diff(snapshotId, sandbox)).toEqual(streamed);
});

it('has programs stand still while the loop goes on, which may read what the snapshot has', async () => {
  await run('echo new > old');
  await startCounting();
  const counts: number[] = [];
  for await (const { path, before } of rollback.streamDiff(snapshotId, sandbox, { root: '/workspace' })) {
    expect(path).toBe('old');
    counts.push(await count());
    expect((await rollback.readContents(before?.digest ?? 'sha256:', sandbox)).toString()).toBe('old\n');
    expect((await sandbox.files.read('old')).toString()).toBe('new\n');
    counts.push(await count());
  }
  expect(counts[1]).toBe(counts[0]);
  await expectCounting();
});

it('lets programs go on at once where the loop is left, and closes what it opened', async () => {
  await run('touch one two three; rm old');
  await startCounting();
  for await (const { change } of rollback.streamDiff(snapshotId, sandbox)) if (change === 'added') break;
  await expectCounting();

  const failing = async (): Promise<void> => {
    for await (const { path } of rollback.streamDiff(snapshotId, sandbox)) throw new Error(path);
  };
  await expect(failing()).rejects.toMatchObject({ message: expect.stringMatching(/^\//u) });
  await expectCounting();
  await expect(rollback.createSnapshot(sandbox)).resolves.toMatch(/^snap_/u);
});

it('lets programs go on when its time is up or it is aborted, though nobody asks for the next', async () => {
  await run('touch one two three');
  await startCounting();
  const controller = new AbortController();
  const limits = [
    { options: { timeoutMs: 5000 }, reason: { code: 'PARACLE_SUPERVISOR_TIMEOUT' } },
    { options: { signal: controller.signal }, reason: { name: 'AbortError' } },
  ];
  for (const { options, reason } of limits) {
    const changes = rollback.streamDiff(snapshotId, sandbox, options);
    await changes.next();
    if (options.signal !== undefined) controller.abort();
    await expectCounting();
    await expect(changes.next()).rejects.toMatchObject(reason);
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  }
});

it('rejects where it fails half way, and lets programs go on', async () => {
  await run('mkdir many; cd many; for n in $(seq 300); do echo $n > $(printf %03d $n); done');
  await startCounting();
  const paths: string[] = [];
  const reading = (async () => {
    for await (const { path } of rollback.streamDiff(snapshotId, sandbox, { root: '/workspace/many' })) {
      paths.push(path);
      if (paths.length === 1) await execAsRoot(manager.engine, sandbox.container.id, ['rm', '/workspace/many/250']);
    }
  })();

  await expect(reading).rejects.toMatchObject({
    code: 'PARACLE_SUPERVISOR_FILE_OPERATION',
    details: { errno: 'ENOENT' },
  });
  expect(paths).toContain('199');
  await expectCounting();
});

it('refuses what it can’t compare before the loop begins', async () => {
  const next = async (id: string, root: string): Promise<unknown> => rollback.streamDiff(id, sandbox, { root }).next();
  await expect(next('snap_none', '/')).rejects.toMatchObject({ code: 'PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND' });
  await expect(next(snapshotId, 'workspace')).rejects.toMatchObject({ code: 'PARACLE_CORE_CONFIG_INVALID' });
});
