import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { prune } from '@paracle/core';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { buildPackage, execAsRoot, waitUntil } from '@paracle/test-support';
import { RollbackManager, type RollbackProgress, rollbackSteps } from '../../src/index.js';
import { KilledController } from './support/killed-controller.js';
import { createVolumeImage, type VolumeImage } from './support/volume-image.js';
import { caughtFrom } from './support/workbench.js';

const TREES = ['/workspace/tree', '/dev/shm/tree', '/data/tree'];
const CHANGES = '30';
/** Files of the image that are changed, removed and new. */
const SPOIL_IMAGE = 'echo changed >> /etc/profile; rm /etc/debian_version; echo new > /etc/new';
const SHOW_IMAGE = 'cd /etc && find . -printf "%p %y %m %U %G %T@ %l\\n" | sort; cat profile debian_version || true';
/** Files that the engine mounts, anew with each start. */
const ENGINES = /^\.\/(?:hostname|hosts|resolv\.conf) .*\n/gmu;

const manager = new SandboxManager();
const { engine } = manager;
const rollback = new RollbackManager({ engine });
let image: VolumeImage;
let script = '';

beforeAll(async () => {
  buildPackage('rollback');
  script = await readFile(new URL('support/trees.py', import.meta.url), 'utf8');
  image = await createVolumeImage(engine, '/data');
});

afterAll(async () => {
  await prune(engine).catch(() => undefined);
  await image[Symbol.asyncDispose]();
  await manager.close();
});

/** Lines of a state that are about `/dev/shm`. */
const IN_MEMORY = new RegExp(`^\\["${Buffer.from('/dev/shm').toString('hex')}.*\\n`, 'gmu');

/** A container, seen past the supervisor. */
class Subject {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  async fill(): Promise<void> {
    await this.#run('mkdir', ...TREES);
    await this.#trees('change', `${this.id} before`, CHANGES);
  }

  async spoil(): Promise<void> {
    await this.#trees('change', `${this.id} after`, CHANGES);
    await this.#run('sh', '-c', SPOIL_IMAGE);
  }

  async state(): Promise<string> {
    return (await this.#trees('show')) + (await this.#run('sh', '-c', SHOW_IMAGE)).replaceAll(ENGINES, '');
  }

  async #trees(...args: string[]): Promise<string> {
    return this.#run('python3', '-c', script, ...args, ...TREES);
  }

  async #run(...argv: string[]): Promise<string> {
    return execAsRoot(engine, this.id, argv);
  }
}

async function recovered(containerId: string): Promise<unknown> {
  return (await rollback.recover()).find(({ container }) => container === containerId);
}

async function hasStopped(containerId: string): Promise<void> {
  await waitUntil('it has stopped', async () => !(await engine.containers.inspect(containerId)).state.isRunning);
}

it.each(rollbackSteps)('finishes a rollback whose controller was killed at %s', async (step) => {
  await using controller = new KilledController(image.reference, step);
  const subject = new Subject(await controller.said());
  await subject.fill();
  const before = await subject.state();
  const snapshotId = await controller.goOn();
  await subject.spoil();
  expect(await controller.goOn()).toBe(step);

  await controller.kill();
  await hasStopped(subject.id);
  expect((await prune(engine)).containers).not.toContain(subject.id);

  expect(await recovered(subject.id)).toMatchObject({ outcome: 'completed', result: { snapshotId } });
  expect(await subject.state()).toBe(before);
  const kinds = (await rollback.listSnapshots(subject.id)).map(({ kind }) => kind);
  expect(new Set(kinds)).toEqual(new Set(['requested', 'safety']));

  expect(await recovered(subject.id)).toBeUndefined();
  expect((await prune(engine)).containers).toContain(subject.id);
});

it.each(rollbackSteps)('finishes a rollback whose sandbox was killed at %s', async (stopAt) => {
  await using sandbox = await manager.create({ baseImage: image.reference });
  const subject = new Subject(sandbox.container.id);
  await subject.fill();
  const before = await subject.state();
  const snapshotId = await rollback.createSnapshot(sandbox);
  await subject.spoil();
  const spoilt = await subject.state();
  const { pid } = (await engine.containers.inspect(subject.id)).state;
  const onProgress = ({ step }: RollbackProgress): void => {
    if (step === stopAt && pid !== undefined) process.kill(pid, 'SIGKILL');
  };
  await caughtFrom(rollback.rollback(snapshotId, sandbox, { onProgress }));
  await hasStopped(subject.id);

  expect(await recovered(subject.id)).toMatchObject({ outcome: 'completed', result: { snapshotId } });
  expect(await subject.state()).toBe(before);
  await undo(sandbox);
  // What was in memory went with the sandbox, unless it was saved before.
  const onDisk = (state: string): string => state.replaceAll(IN_MEMORY, '');
  expect(onDisk(await subject.state())).toBe(onDisk(spoilt));
});

/** Goes to the safety snapshot, which must be whole. */
async function undo(sandbox: Sandbox): Promise<void> {
  const safety = (await rollback.listSnapshots(sandbox)).find(({ kind }) => kind === 'safety');
  await rollback.rollback(safety?.id ?? '', sandbox);
}

it('tells each step, in order, with the paths that it is about', async () => {
  await using sandbox = await manager.create();
  const snapshotId = await rollback.createSnapshot(sandbox);
  await sandbox.execute(['touch', 'a', 'b'], { check: true });
  const told = new Map<string, number>();

  await rollback.rollback(snapshotId, sandbox, { onProgress: ({ step, pathCount }) => told.set(step, pathCount) });

  expect([...told.keys()]).toEqual(rollbackSteps);
  expect(told.get('remove')).toBe(2);
  expect(told.get('finish')).toBe(0);
});

it('does nothing where a rollback is refused, and leaves no journal', async () => {
  await using sandbox = await manager.create();
  await sandbox.execute(['sh', '-c', 'echo old > file'], { check: true });
  const snapshotId = await rollback.createSnapshot(sandbox);
  await sandbox.execute(['sh', '-c', 'echo new > file'], { check: true });
  await execAsRoot(engine, sandbox.container.id, ['sh', '-c', 'rm /.paracle/store/objects/*']);

  await expect(rollback.rollback(snapshotId, sandbox)).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_SNAPSHOT_DAMAGED',
  });

  expect((await sandbox.execute(['cat', 'file'])).stdout).toBe('new\n');
  expect(await recovered(sandbox.container.id)).toBeUndefined();
});

it('tells of what it could not finish, keeps it, and finishes it once it can', async () => {
  await using sandbox = await manager.create();
  const { id } = sandbox.container;
  await sandbox.execute(['sh', '-c', 'echo old > file'], { check: true });
  const snapshotId = await rollback.createSnapshot(sandbox);
  await sandbox.execute(['sh', '-c', 'echo new > file'], { check: true });
  const stop = new Error('stop');
  const onProgress = ({ step }: RollbackProgress): void => {
    if (step === 'remove') throw stop;
  };
  expect(await caughtFrom(rollback.rollback(snapshotId, sandbox, { onProgress }))).toBe(stop);
  await expect(rollback.deleteSnapshot(snapshotId, sandbox)).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_SNAPSHOT_IN_USE',
  });

  const store = '/.paracle/store';
  await execAsRoot(engine, id, ['sh', '-c', `cd ${store} && mv objects away && mkdir objects`]);
  expect(await recovered(id)).toMatchObject({
    outcome: 'failed',
    error: { code: 'PARACLE_ROLLBACK_SNAPSHOT_DAMAGED' },
  });
  await execAsRoot(engine, id, ['sh', '-c', `cd ${store} && rm -r objects && mv away objects`]);
  expect(await recovered(id)).toMatchObject({ outcome: 'completed' });
  expect((await sandbox.execute(['cat', 'file'])).stdout).toBe('old\n');
});

it('keeps a sandbox with a pinned snapshot when its controller is dead, and works in it', async () => {
  await using controller = new KilledController(image.reference, 'finish');
  const subject = new Subject(await controller.said());
  await subject.fill();
  const before = await subject.state();
  const snapshotId = await controller.goOn();
  await rollback.pinSnapshot(snapshotId, subject.id);
  await subject.spoil();
  await controller.kill();
  await hasStopped(subject.id);
  expect((await prune(engine)).containers).not.toContain(subject.id);

  expect(await recovered(subject.id)).toBeUndefined();
  const changes = await rollback.diff(snapshotId, subject.id);
  expect(changes.map(({ path }) => path)).toContain('/etc/debian_version');
  await rollback.rollback(snapshotId, subject.id);
  expect(await subject.state()).toBe(before);

  await rollback.pinSnapshot(snapshotId, subject.id, { isPinned: false });
  expect((await prune(engine)).containers).toContain(subject.id);
});

it('leaves what another living controller owns alone, running or not', async () => {
  await using controller = new KilledController(image.reference, 'remove');
  const subject = new Subject(await controller.said());
  await subject.fill();
  await controller.goOn();
  await controller.goOn();

  expect(await recovered(subject.id)).toBeUndefined();
  await engine.containers.kill(subject.id, 'SIGKILL');
  await hasStopped(subject.id);
  expect(await recovered(subject.id)).toBeUndefined();
  await expect(rollback.listSnapshots(subject.id)).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_CONTAINER_UNSUPPORTED',
  });
  await engine.containers.remove(subject.id, { volumes: true });
});
