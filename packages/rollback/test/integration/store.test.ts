import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { execAsRoot, scaled } from '@paracle/test-support';
import { RollbackManager } from '../../src/index.js';

const CYCLES = 200;
const SNAPSHOTS = 1000;

const manager = new SandboxManager();
const rollback = new RollbackManager({ engine: manager.engine });
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await manager.create();
});

afterAll(() => manager.close());

async function run(script: string): Promise<void> {
  await sandbox.execute(['sh', '-c', script], { check: true });
}

async function asRoot(script: string): Promise<string> {
  return execAsRoot(manager.engine, sandbox.container.id, ['sh', '-c', script]);
}

const listStore = async (): Promise<string[]> =>
  (await asRoot('find /.paracle/store -type f -not -name earliest -not -name plain-image'))
    .split('\n')
    .filter((path) => path !== '');

it('has each contents once, however many snapshots have them', async () => {
  const listObjects = async (): Promise<string[]> => (await listStore()).filter((path) => path.includes('/objects/'));
  await rollback.createSnapshot(sandbox);
  const before = await listObjects();
  await run('head -c 3000000 /dev/urandom > big; cp big copy');
  await rollback.createSnapshot(sandbox);
  const between = await listObjects();
  await run('mv big moved; echo > small');
  await rollback.createSnapshot(sandbox);

  expect(between).toHaveLength(before.length + 1);
  expect(await listObjects()).toHaveLength(between.length + 1);
});

it('is empty when the last snapshot is gone', async () => {
  for (const { id } of await rollback.listSnapshots(sandbox)) await rollback.deleteSnapshot(id, sandbox);

  expect(await listStore()).toEqual([]);
});

it('takes nothing for a snapshot of what is written to meanwhile, and keeps nothing of it', async () => {
  await run('echo > busy; head -c 1000000 /dev/urandom > whole');
  const exec = asRoot('while test -e /workspace/busy; do echo >> /workspace/busy; done; rm -f /workspace/busy');
  await expect(rollback.createSnapshot(sandbox)).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_FILE_CHANGING',
    details: { path: '/workspace/busy' },
  });
  expect(await listStore()).toEqual([]);
  await run('rm busy');
  await exec;
  await expect(rollback.createSnapshot(sandbox)).resolves.toMatch(/^snap_/u);
});

it('is told from a snapshot that another deletes at the same time', async () => {
  const ids = [await rollback.createSnapshot(sandbox), await rollback.createSnapshot(sandbox)];
  const [listed] = await Promise.all([
    rollback.listSnapshots(sandbox),
    ...ids.map(async (id) => rollback.deleteSnapshot(id, sandbox)),
    rollback.createSnapshot(sandbox),
  ]);
  expect(listed.length).toBeGreaterThanOrEqual(2);
  const [left = { id: '' }] = (await rollback.listSnapshots(sandbox)).slice(-1);
  await run('rm -rf whole');
  await rollback.rollback(left.id, sandbox);
  await run('test -s whole');
});

it('keeps a file of a terabyte by what is in it', async () => {
  await run('truncate -s 1T vast; echo begin | dd of=vast conv=notrunc status=none; echo end >> vast');
  const snapshotId = await rollback.createSnapshot(sandbox);
  await run('echo other | dd of=vast bs=1 seek=500000000000 conv=notrunc status=none');
  const changes = await rollback.diff(snapshotId, sandbox, { root: '/workspace' });
  expect(changes.map(({ path }) => path)).toContain('vast');

  await rollback.rollback(snapshotId, sandbox);

  await run(
    'test "$(head -c 6 vast)" = begin; test "$(tail -c 4 vast)" = end; test $(stat -c %s vast) = 1099511627780',
  );
  expect(await rollback.diff(snapshotId, sandbox, { root: '/workspace' })).toEqual([]);
  await run('rm vast');
});

it('says that contents are damaged before it does anything', async () => {
  await run('echo right > file');
  const snapshotId = await rollback.createSnapshot(sandbox);
  await asRoot('for f in /.paracle/store/objects/*; do test $(stat -c %s $f) = 6 && echo wrong > $f; done; true');
  await run('rm file; echo > new');

  await expect(rollback.rollback(snapshotId, sandbox)).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_SNAPSHOT_DAMAGED',
    details: { paths: ['/workspace/file'] },
  });
  await run('test -e new');
});

it('finds damage when asked, also in what this process has read before', async () => {
  await run('echo precise > exact');
  const snapshotId = await rollback.createSnapshot(sandbox);
  await rollback.verifySnapshot(snapshotId, sandbox);
  await asRoot('for f in /.paracle/store/objects/*; do test $(stat -c %s $f) = 8 && echo 1234567 > $f; done; true');
  await expect(rollback.verifySnapshot(snapshotId, sandbox)).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_SNAPSHOT_DAMAGED',
    details: { paths: ['/workspace/exact'] },
  });
  const damages = [
    'for f in /.paracle/store/objects/*; do head -c 4 $f | grep -q PRM1 && echo >> $f; done; true',
    `: > /.paracle/store/snapshots/${snapshotId}.manifest`,
    `rm /.paracle/store/snapshots/${snapshotId}.manifest`,
  ];
  for (const damage of damages) {
    await asRoot(damage);
    await expect(rollback.verifySnapshot(snapshotId, sandbox)).rejects.toMatchObject({
      code: 'PARACLE_ROLLBACK_SNAPSHOT_DAMAGED',
    });
  }
  await rollback.deleteSnapshot(snapshotId, sandbox);
  expect((await rollback.listSnapshots(sandbox)).map(({ id }) => id)).not.toContain(snapshotId);
});

it('keeps what is pinned, whatever the policy says, until it is not', async () => {
  await using own = await manager.create();
  const pinned = await rollback.createSnapshot(own);
  await rollback.pinSnapshot(pinned, own);
  for (let round = 0; round < 5; round++) await rollback.createSnapshot(own);
  const list = async (): Promise<boolean[]> => (await rollback.listSnapshots(own)).map(({ isPinned }) => isPinned);
  expect(await list()).toEqual([true, false, false, false]);

  await rollback.pinSnapshot(pinned, own, { isPinned: false });
  expect(await rollback.retireSnapshots(own)).toEqual([pinned]);
  expect(await list()).toEqual([false, false, false]);
  await expect(rollback.pinSnapshot(pinned, own)).rejects.toMatchObject({ name: 'SnapshotNotFoundError' });
});

it('tells what each snapshot takes, and counts what they share once', async () => {
  await using own = await manager.create();
  const write = async (name: string, bytes: number): Promise<unknown> =>
    own.execute(['sh', '-c', `head -c ${bytes} /dev/urandom > ${name}`], { check: true });
  await write('shared', 4_096_000);
  const first = await rollback.createSnapshot(own);
  await write('own', 409_600);
  const second = await rollback.createSnapshot(own);

  const { totalBytes, snapshots } = await rollback.measureSnapshots(own);

  const { ownBytes, sharedBytes } = snapshots.get(second) ?? { ownBytes: 0, sharedBytes: 0 };
  expect(snapshots.get(first)?.sharedBytes).toBe(sharedBytes);
  expect(sharedBytes).toBeGreaterThanOrEqual(4_096_000);
  expect(ownBytes).toBeGreaterThanOrEqual(409_600);
  expect(ownBytes).toBeLessThan(600_000);
  expect(totalBytes).toBe(sharedBytes + ownBytes + (snapshots.get(first)?.ownBytes ?? 0));
  await rollback.deleteSnapshot(second, own);
  expect((await rollback.measureSnapshots(own)).totalBytes).toBe(totalBytes - ownBytes);
});

it('does not grow with cycles of snapshot, change and rollback', async () => {
  await using own = await manager.create();
  const sizes: number[] = [];
  for (let cycle = 0; cycle < scaled(CYCLES); cycle++) {
    await own.execute(['sh', '-c', `head -c 100000 /dev/urandom > a; echo ${cycle} > b`], { check: true });
    const id = await rollback.createSnapshot(own);
    await own.execute(['sh', '-c', 'head -c 100000 /dev/urandom > c; rm a'], { check: true });
    await rollback.rollback(id, own);
    const size = await execAsRoot(manager.engine, own.container.id, ['du', '-sk', '/.paracle/store']);
    sizes.push(Number.parseInt(size, 10));
  }
  const middle = (samples: readonly number[]): number => samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? 0;
  expect(middle(sizes.slice(-20))).toBeLessThanOrEqual(1.2 * middle(sizes.slice(0, 20)));
}, 900_000);

it('holds nothing of the snapshots that were retired', async () => {
  await using own = await manager.create();
  for (let round = 0; round < scaled(SNAPSHOTS); round++) {
    await own.execute(['sh', '-c', `echo ${round} > file-${round % 7}`], { check: true });
    await rollback.createSnapshot(own);
  }
  for (const { id } of await rollback.listSnapshots(own)) await rollback.deleteSnapshot(id, own);
  const left = await execAsRoot(manager.engine, own.container.id, ['find', '/.paracle/store', '-type', 'f']);
  expect(left.trim().split('\n').sort()).toEqual(['/.paracle/store/earliest', '/.paracle/store/plain-image']);
}, 900_000);

it('is removed behind our back with all snapshots, which is told', async () => {
  await using own = await manager.create();
  const snapshotId = await rollback.createSnapshot(own);
  await execAsRoot(manager.engine, own.container.id, ['sh', '-c', 'rm -rf /.paracle/store/*']);
  await expect(rollback.rollback(snapshotId, own)).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND',
  });
  await expect(rollback.createSnapshot(own)).resolves.toMatch(/^snap_/u);
});
