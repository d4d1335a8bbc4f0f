import { createHash, randomUUID } from 'node:crypto';
import { afterAll, expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { NetworkIsolator } from '@paracle/isolation';
import { pack } from 'tar-stream';
import { ForeignContainer, snapshotsOf } from './support/foreign-container.js';

const engine = new Engine();
const snapshots = snapshotsOf(engine);
const MAX_LAYERS = 125;
const HARDENED = { NetworkMode: 'none', CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] };

afterAll(() => engine.close());

/** Tries a rollback that is refused, and makes sure that nothing was done. */
async function expectRefused(
  container: ForeignContainer,
  refusal: object,
  attempt: () => Promise<unknown>,
): Promise<void> {
  const before = await container.inspect();
  const images = await snapshots.list(container.name);
  await expect(attempt()).rejects.toMatchObject(refusal);
  expect(await container.inspect()).toEqual(before);
  expect(await container.traces()).toHaveLength(1);
  expect(await snapshots.list(container.name)).toEqual(images);
}

it('knows only its own snapshots, and none that is gone', async () => {
  await using container = await ForeignContainer.start(engine);
  await using other = await ForeignContainer.start(engine);
  const [own, foreign] = [await snapshots.createSnapshot(container.name), await snapshots.createSnapshot(other.name)];
  const notFound = { code: 'PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND' };
  for (const id of [foreign, '*', `snap_${'0'.repeat(26)}`]) {
    await expectRefused(container, notFound, async () => snapshots.rollback(id, container.name));
  }
  await expectRefused(container, notFound, async () => snapshots.delete('snap_*'));
  const { id } = await container.inspect();
  await engine.images.remove(`paracle-snapshot:${id}.${own}`);
  await expectRefused(container, notFound, async () => snapshots.rollback(own, container.name));
});

it('takes no image for a snapshot that only has the name of one', async () => {
  await using container = await ForeignContainer.start(engine);
  const name = `paracle-snapshot:${(await container.inspect()).id}.snap_${'0'.repeat(26)}`;
  await engine.images.tag('python:3.11-slim', name);
  try {
    await expect(snapshots.list(container.name)).rejects.toMatchObject({ code: 'PARACLE_ROLLBACK_SNAPSHOT_DAMAGED' });
  } finally {
    await engine.images.remove(name);
  }
});

it('refuses a container that is gone', async () => {
  const gone = { code: 'PARACLE_ENGINE_CONTAINER_NOT_FOUND' };
  await expect(snapshots.createSnapshot('no-such-container')).rejects.toMatchObject(gone);
  await expect(snapshots.list('no-such-container')).rejects.toMatchObject(gone);
  await expect(snapshots.rollback(`snap_${'0'.repeat(26)}`, 'no-such-container')).rejects.toMatchObject(gone);
});

it.each([{ dryRun: true }, { only: ['src/**'] }, { root: '/srv' }])('refuses %j', async (options) => {
  await using container = await ForeignContainer.start(engine);
  const snapshotId = await snapshots.createSnapshot(container.name);
  await expectRefused(
    container,
    { code: 'PARACLE_ROLLBACK_OPTION_UNSUPPORTED', details: { options: Object.keys(options) } },
    async () => snapshots.rollback(snapshotId, container.name, options),
  );
  await snapshots.rollback(snapshotId, container.name, { dryRun: false, root: '/' });
});

it('refuses a container that its end would remove, and one whose network others share', async () => {
  await using brief = await ForeignContainer.start(engine, { HostConfig: { NetworkMode: 'none', AutoRemove: true } });
  await using host = await ForeignContainer.start(engine, { HostConfig: { NetworkMode: 'bridge' } });
  const guest = await ForeignContainer.start(engine, { HostConfig: { NetworkMode: `container:${host.name}` } });
  const unsupported = { code: 'PARACLE_ROLLBACK_CONTAINER_UNSUPPORTED' };
  try {
    for (const container of [brief, host]) {
      const snapshotId = await snapshots.createSnapshot(container.name);
      await expectRefused(container, unsupported, async () => snapshots.rollback(snapshotId, container.name));
    }
    // The guest itself can be replaced.
    await snapshots.rollback(await snapshots.createSnapshot(guest.name), guest.name);
  } finally {
    await guest[Symbol.asyncDispose]();
  }
  const [{ id } = { id: '' }] = await snapshots.list(host.name);
  await snapshots.rollback(id, host.name);
});

it('refuses a snapshot that would take too much before it begins', async () => {
  await using container = await ForeignContainer.start(engine);
  const small = snapshotsOf(engine, { maxSnapshotMb: 1 });
  const snapshotId = await small.createSnapshot(container.name);
  await container.run('truncate -s 2M /big');
  const tooLarge = { code: 'PARACLE_ROLLBACK_SNAPSHOT_TOO_LARGE', details: { maxBytes: 1_048_576 } };
  await expectRefused(container, tooLarge, async () => small.createSnapshot(container.name));
  await expectRefused(container, tooLarge, async () => small.rollback(snapshotId, container.name));
  await container.run('rm /big');
  await small.rollback(snapshotId, container.name);
});

it('leaves nothing where the engine can’t commit', async () => {
  const reference = `paracle-test-${randomUUID()}:full`;
  try {
    await loadStack(reference);
    await using container = await ForeignContainer.create(engine, { Image: reference });
    await expectRefused(
      container,
      { code: 'PARACLE_ROLLBACK_SNAPSHOT_FAILED', cause: { message: expect.stringContaining('depth') } },
      async () => snapshots.createSnapshot(container.name),
    );
  } finally {
    await engine.images.remove(reference);
  }
});

/** Loads an image of as many layers as the engine can stack, of a file each. */
async function loadStack(reference: string): Promise<void> {
  const layers = await Promise.all(
    Array.from({ length: MAX_LAYERS }, async (_, at) => packFiles({ file: String(at) })),
  );
  const digests = layers.map((layer) => createHash('sha256').update(layer).digest('hex'));
  const config = {
    ...{ architecture: 'amd64', os: 'linux', config: {} },
    rootfs: { type: 'layers', diff_ids: digests.map((digest) => `sha256:${digest}`) },
  };
  const manifest = [{ Config: 'config.json', RepoTags: [reference], Layers: digests.map((digest) => `${digest}.tar`) }];
  const files = Object.fromEntries(digests.map((digest, at) => [`${digest}.tar`, layers[at] ?? '']));
  const archive = await packFiles({
    ...files,
    'config.json': JSON.stringify(config),
    'manifest.json': JSON.stringify(manifest),
  });
  await engine.images.load(archive);
}

async function packFiles(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const packed = pack();
  for (const [name, contents] of Object.entries(files)) packed.entry({ name, mtime: new Date(0) }, contents);
  packed.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of packed as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

it('lets only one roll a container back at a time', async () => {
  await using container = await ForeignContainer.start(engine);
  const snapshotId = await snapshots.createSnapshot(container.name);
  const { id } = await container.inspect();
  await container.run('echo new > /state');
  const ended = await Promise.allSettled([1, 2, 3].map(async () => snapshots.rollback(snapshotId, id)));

  expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const reasons = ended.flatMap((each): unknown[] => (each.status === 'rejected' ? [each.reason] : []));
  for (const reason of reasons) expect(reason).toMatchObject({ code: 'PARACLE_ROLLBACK_BUSY' });
  expect(await container.traces()).toEqual([`${container.name} running`]);
  expect(await snapshots.recover()).toEqual([]);
});

it('puts the old container back where the new one can’t start, and says why', async () => {
  await using container = await ForeignContainer.create(engine, {
    Cmd: ['/usr/local/bin/python3', '-m', 'http.server'],
  });
  await engine.containers.start(container.name);
  await container.run('mv /usr/local/bin/python3 /kept');
  const snapshotId = await snapshots.createSnapshot(container.name);
  await container.run('mv /kept /usr/local/bin/python3; echo new > /state');
  const { id } = await container.inspect();

  await expect(snapshots.rollback(snapshotId, container.name)).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_REPLACEMENT_FAILED',
    details: { isPutBack: true },
    cause: { message: expect.stringContaining('python3') },
  });
  expect(await container.traces()).toEqual([`${container.name} running`]);
  expect((await container.inspect()).id).toBe(id);
  expect(await container.run('cat /state')).toBe('new');
});

it('gives up at a signal before the old container is touched', async () => {
  await using container = await ForeignContainer.start(engine);
  const snapshotId = await snapshots.createSnapshot(container.name);
  const reason = new Error('changed my mind');
  for (const last of ['record', 'save', 'create']) {
    const controller = new AbortController();
    const onProgress = ({ step }: { readonly step: string }): void => {
      if (step === last) controller.abort(reason);
    };
    const { id } = await container.inspect();
    await expect(
      snapshots.rollback(snapshotId, container.name, { signal: controller.signal, onProgress }),
    ).rejects.toBe(reason);
    expect((await container.inspect()).id).toBe(id);
    expect(await container.traces()).toEqual([`${container.name} running`]);
    expect(await snapshots.recover()).toEqual([]);
  }
});

it('gives a container on a network of ours no network before its rules, and refuses where nobody enforces them', async () => {
  await using container = await ForeignContainer.start(engine, { HostConfig: HARDENED });
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.name, network.id);
  const snapshotId = await snapshots.createSnapshot(container.name);
  await using other = new Engine();
  await expectRefused(container, { code: 'PARACLE_ROLLBACK_NETWORK_UNENFORCED' }, async () =>
    snapshotsOf(other).rollback(snapshotId, container.name),
  );
  const steps: string[] = [];
  const { containerId } = await snapshots.rollback(snapshotId, container.name, {
    onProgress: ({ step }) => steps.push(step),
  });

  expect(steps.indexOf('attach')).toBeGreaterThan(steps.indexOf('start'));
  await expect(isolator.verify(containerId)).resolves.toMatchObject({});
  expect((await isolator.getNetworkInfo(network.id)).containers).toMatchObject([{ id: containerId }]);
});

it('is put back on a network of ours with its rules', async () => {
  await using container = await ForeignContainer.start(engine, {
    Cmd: ['/usr/local/bin/python3', '-m', 'http.server'],
    HostConfig: HARDENED,
  });
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container.name, network.id);
  await container.run('mv /usr/local/bin/python3 /kept');
  const snapshotId = await snapshots.createSnapshot(container.name);
  await container.run('mv /kept /usr/local/bin/python3');

  await expect(snapshots.rollback(snapshotId, container.name)).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_REPLACEMENT_FAILED',
    details: { isPutBack: true },
  });
  await expect(isolator.verify(container.name)).resolves.toMatchObject({});
});
