import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { execAsRoot } from '@paracle/test-support';
import { RollbackManager } from '../../src/index.js';
import { createVolumeImage, type VolumeImage } from './support/volume-image.js';

const TREES = ['/workspace/tree', '/dev/shm/tree', '/data/tree'];

const engine = new Engine();
const manager = new SandboxManager({ engine });
const rollback = new RollbackManager({ engine });
let image: VolumeImage;
let script = '';
let origin: Sandbox;

beforeAll(async () => {
  script = await readFile(new URL('support/trees.py', import.meta.url), 'utf8');
  image = await createVolumeImage(engine, '/data');
  origin = await manager.create({ baseImage: image.reference });
  await execAsRoot(engine, origin.container.id, ['mkdir', ...TREES]);
});

afterAll(async () => {
  await manager.close();
  await image[Symbol.asyncDispose]();
  await engine.close();
});

async function trees({ container }: Sandbox, ...args: string[]): Promise<string> {
  return execAsRoot(engine, container.id, ['python3', '-c', script, ...args, ...TREES]);
}

const create = async (): Promise<Sandbox> => manager.create({ baseImage: image.reference });

it('makes several sandboxes at once that begin at the snapshot, each on its own', async () => {
  await trees(origin, 'change', 'before', '30');
  await origin.execute(['rm', '-f', '/workspace/gone'], { check: true });
  const before = await trees(origin, 'show');
  const snapshotId = await rollback.createSnapshot(origin);
  await trees(origin, 'change', 'after', '30');
  const after = await trees(origin, 'show');

  const forks = await rollback.fork(snapshotId, origin, { create, count: 3 });

  expect(new Set(forks.map(({ container }) => container.id)).size).toBe(3);
  for (const fork of forks) expect(await trees(fork, 'show')).toBe(before);
  expect(await trees(origin, 'show')).toBe(after);
  const [first, second] = forks;
  if (first === undefined || second === undefined) throw new Error('No forks');
  await trees(first, 'change', 'own', '10');
  expect(await trees(second, 'show')).toBe(before);
  await rollback.rollback(snapshotId, first);
  expect(await trees(first, 'show')).toBe(before);
  expect((await rollback.listSnapshots(second)).map(({ id }) => id)).toEqual([snapshotId]);
});

it('forks what is forked, also once its origin is gone', async () => {
  const snapshotId = await rollback.createSnapshot(origin);
  const before = await trees(origin, 'show');
  const [fork] = await rollback.fork(snapshotId, origin, { create });
  if (fork === undefined) throw new Error('No fork');
  const [second] = await rollback.fork(snapshotId, fork, { create });
  await fork.destroy();
  if (second === undefined) throw new Error('No fork');
  expect(await trees(second, 'show')).toBe(before);
});

it('refuses a snapshot of another sandbox but in a fork', async () => {
  const snapshotId = await rollback.createSnapshot(origin);
  await using other = await create();
  await expect(rollback.rollback(snapshotId, other)).rejects.toMatchObject({ name: 'SnapshotNotFoundError' });
});

it('makes nothing for a snapshot that is not there', async () => {
  const { createdCount } = manager.getStats();
  await expect(rollback.fork('snap_unknown', origin, { create })).rejects.toMatchObject({
    name: 'SnapshotNotFoundError',
  });
  expect(manager.getStats().createdCount).toBe(createdCount);
});

it.each([
  ['image', async () => manager.create()],
  ['memory', async () => manager.create({ baseImage: image.reference, diskMb: 64, diskEnforcement: 'tmpfs' })],
])('refuses a fork with another %s, and destroys what was made', async (_what, createOther) => {
  const snapshotId = await rollback.createSnapshot(origin);
  const { activeCount } = manager.getStats();
  await expect(rollback.fork(snapshotId, origin, { create: createOther, count: 2 })).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_FORK_MISMATCH',
  });
  expect(manager.getStats().activeCount).toBe(activeCount);
});

it('destroys what was made where one can’t be', async () => {
  const snapshotId = await rollback.createSnapshot(origin);
  const { activeCount } = manager.getStats();
  const no = new Error('no');
  let asked = 0;
  const createOnce = async (): Promise<Sandbox> => (asked++ === 0 ? create() : Promise.reject(no));
  await expect(rollback.fork(snapshotId, origin, { create: createOnce, count: 2 })).rejects.toBe(no);
  expect(manager.getStats().activeCount).toBe(activeCount);
});

it('refuses options that it does not know', async () => {
  const options = { create, cuont: 2 };
  await expect(rollback.fork('snap_unknown', origin, options)).rejects.toMatchObject({
    code: 'PARACLE_CORE_CONFIG_INVALID',
  });
});
