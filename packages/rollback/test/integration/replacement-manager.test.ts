import { afterAll, expect, it } from '@jest/globals';
import { Engine, ownerLabels } from '@paracle/core';
import { RollbackManager, rollbackOf } from '../../src/index.js';
import { ForeignContainer } from './support/foreign-container.js';

const engine = new Engine();
const rollback = new RollbackManager({ engine });

afterAll(() => engine.close());

it('snapshots and rolls back a container that Paracle did not make, by its name or its id', async () => {
  await using container = await ForeignContainer.start(engine);
  await container.run('echo old > /state');
  const snapshotId = await rollback.createSnapshot(container.name);
  await container.run('echo new > /state');
  await rollback.pinSnapshot(snapshotId, container.name);
  expect(await rollback.listSnapshots(container.name)).toMatchObject([{ id: snapshotId, isPinned: true }]);
  const { id } = await container.inspect();
  const result = await rollback.rollback(snapshotId, { container: { id } });

  expect(await container.run('cat /state')).toBe('old');
  expect(result.containerId).toBe((await container.inspect()).id);
  await rollback.pinSnapshot(snapshotId, container.name, { isPinned: false });
  await rollback.deleteSnapshot(snapshotId, container.name);
  expect(await rollback.retireSnapshots(container.name)).toEqual([]);
  expect(await rollback.listSnapshots(container.name)).toMatchObject([{ id: result.safetySnapshotId }]);
  expect(await rollback.recover()).toEqual([]);
});

it('knows a snapshot only with its container', async () => {
  await using container = await ForeignContainer.start(engine);
  await using other = await ForeignContainer.start(engine);
  const snapshotId = await rollback.createSnapshot(container.name);
  const notFound = { code: 'PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND' };
  await expect(rollback.deleteSnapshot(snapshotId, other.name)).rejects.toMatchObject(notFound);
  await expect(rollback.pinSnapshot(snapshotId, other.name)).rejects.toMatchObject(notFound);
  expect(await rollback.listSnapshots(container.name)).toMatchObject([{ id: snapshotId, isPinned: false }]);
});

it('makes calls of one process wait for one another', async () => {
  await using container = await ForeignContainer.start(engine);
  const snapshotId = await rollback.createSnapshot(container.name);
  await Promise.all([1, 2].map(async () => rollback.rollback(snapshotId, container.name)));
  expect(await container.traces()).toEqual([`${container.name} running`]);
});

it('undoes protected work that fails, also within other protected work, and leaves no snapshot but the safety ones', async () => {
  await using container = await ForeignContainer.start(engine);
  await container.run('echo old > /state');
  const failure = new Error('no');
  const caught = await rollback
    .protect(container.name, async () => {
      await container.run('echo outer > /state');
      await rollback
        .protect(container.name, async () => {
          await container.run('echo inner > /state');
          throw new Error('inner');
        })
        .catch(() => undefined);
      expect(await container.run('cat /state')).toBe('outer');
      throw failure;
    })
    .catch((error: unknown) => error);

  expect(caught).toBe(failure);
  expect(rollbackOf(caught)).toMatchObject({ restored: ['/'] });
  expect(await container.run('cat /state')).toBe('old');
  expect((await rollback.listSnapshots(container.name)).map(({ kind }) => kind)).toEqual(['safety']);
  await expect(rollback.protect(container.name, async () => 'fine')).resolves.toMatchObject({ status: 'kept' });
});

it('refuses what takes a supervisor, and everything for what else Paracle made', async () => {
  await using container = await ForeignContainer.start(engine);
  await using own = await ForeignContainer.start(engine, { Labels: ownerLabels({ purpose: 'guard' }) });
  const snapshotId = await rollback.createSnapshot(container.name);
  const unsupported = { code: 'PARACLE_ROLLBACK_CONTAINER_UNSUPPORTED' };
  await expect(rollback.diff(snapshotId, container.name)).rejects.toMatchObject(unsupported);
  await expect(rollback.measureSnapshots(container.name)).rejects.toMatchObject(unsupported);
  await expect(rollback.createSnapshot(own.name)).rejects.toMatchObject(unsupported);
  await expect(rollback.createSnapshot('no-such-container')).rejects.toMatchObject({
    code: 'PARACLE_ENGINE_CONTAINER_NOT_FOUND',
  });
});
