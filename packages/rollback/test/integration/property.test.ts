import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { createRandom, execAsRoot, scaled } from '@paracle/test-support';
import { RollbackManager } from '../../src/index.js';
import { createVolumeImage, type VolumeImage } from './support/volume-image.js';

const ROUNDS = 500;
/** Of changes to each tree, before a snapshot and after it. */
const CHANGES = 12;
/** On the root file system, in memory, and on a volume. */
const TREES = ['/workspace/tree', '/dev/shm/tree', '/data/tree'];

const manager = new SandboxManager();
const rollback = new RollbackManager({ engine: manager.engine });
let image: VolumeImage;
let script = '';
let sandbox: Sandbox;

beforeAll(async () => {
  script = await readFile(new URL('support/trees.py', import.meta.url), 'utf8');
  image = await createVolumeImage(manager.engine, '/data');
  sandbox = await manager.create({ baseImage: image.reference });
  await execAsRoot(manager.engine, sandbox.container.id, ['mkdir', ...TREES]);
});

afterAll(async () => {
  await sandbox.destroy();
  await image[Symbol.asyncDispose]();
  await manager.close();
});

/** Past the supervisor, whose work is judged. */
async function trees(...args: string[]): Promise<string> {
  return execAsRoot(manager.engine, sandbox.container.id, ['python3', '-c', script, ...args, ...TREES]);
}

it('brings back any tree from whatever became of it, on every file system', async () => {
  const random = createRandom(2026);
  const states = new Map<string, string>();
  for (let round = 0; round < scaled(ROUNDS); round++) {
    await trees('change', `${round} before`, String(CHANGES));
    states.set(await rollback.createSnapshot(sandbox), await trees('show'));
    await trees('change', `${round} after`, String(CHANGES));

    const kept = (await rollback.listSnapshots(sandbox)).filter(({ kind }) => kind === 'requested');
    const { id = '' } = kept[Math.floor(random() * kept.length)] ?? {};
    const { notRestored } = await rollback.rollback(id, sandbox);

    expect(notRestored).toEqual([]);
    expect({ round, state: await trees('show') }).toEqual({ round, state: states.get(id) });
  }
}, 1_800_000);
