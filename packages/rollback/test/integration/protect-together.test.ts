import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type RollbackManager, rollbackOf } from '../../src/index.js';
import { caughtFrom, Workbench } from './support/workbench.js';

let bench: Workbench;
let rollback: RollbackManager;

beforeAll(async () => {
  bench = await Workbench.open();
  rollback = bench.managerOf();
});

beforeEach(async () => bench.reset());

afterAll(async () => bench[Symbol.asyncDispose]());

describe('the snapshot in use', () => {
  it.each([false, true])('stays though more are taken than are kept (keepSnapshot: %p)', async (keepSnapshot) => {
    const sparing = bench.managerOf({ maxSnapshots: 1 });
    const work = async (): Promise<void> => {
      await bench.spoil();
      for (let i = 0; i < 3; i++) await sparing.createSnapshot(bench.sandbox);
      throw new Error('no');
    };

    expect(rollbackOf(await caughtFrom(sparing.protect(bench.sandbox, work, { keepSnapshot })))).toBeDefined();
    expect(await bench.state()).toBe(bench.before);
    expect(await bench.kinds()).toEqual([...(keepSnapshot ? ['requested'] : []), 'requested', 'safety']);
  });

  it('stays though another manager takes more than it keeps', async () => {
    const other = bench.managerOf({ maxSnapshots: 1 });
    const work = async (): Promise<void> => {
      await bench.spoil();
      for (let i = 0; i < 3; i++) await other.createSnapshot(bench.sandbox);
      throw new Error('no');
    };

    expect(rollbackOf(await caughtFrom(rollback.protect(bench.sandbox, work)))).toBeDefined();
    expect(await bench.state()).toBe(bench.before);
  });

  it('stays though it is too old', async () => {
    const forgetful = bench.managerOf({ maxAgeHours: 1e-9 });
    const work = async (): Promise<void> => {
      await bench.spoil();
      for (let i = 0; i < 2; i++) await forgetful.createSnapshot(bench.sandbox);
      throw new Error('no');
    };

    expect(rollbackOf(await caughtFrom(forgetful.protect(bench.sandbox, work)))).toBeDefined();
    expect(await bench.state()).toBe(bench.before);
  });

  it('does not push out those that were asked for', async () => {
    const sparing = bench.managerOf({ maxSnapshots: 1 });
    const snapshotId = await sparing.createSnapshot(bench.sandbox);

    for (let i = 0; i < 2; i++) await sparing.protect(bench.sandbox, async () => bench.spoil()).catch(() => undefined);

    expect((await rollback.listSnapshots(bench.sandbox)).map(({ id }) => id)).toContain(snapshotId);
  });
});

describe('more than one protect of a sandbox', () => {
  it('within one another: the inner one alone is undone where the outer one copes with it', async () => {
    const result = await rollback.protect(bench.sandbox, async () => {
      await bench.run('echo outer > outer');
      const inner = await bench.state();
      const error = await caughtFrom(
        rollback.protect(bench.sandbox, async () => {
          await bench.spoil();
          throw new Error('no');
        }),
      );
      expect(await bench.state()).toBe(inner);
      return error;
    });

    expect(result.status).toBe('kept');
    expect(await bench.list()).toBe('dir outer');
    expect(await bench.kinds()).toEqual(['safety']);
  });

  it('within one another: both are undone where the error goes on', async () => {
    const first = new Error('first');
    let outerId = '';

    const caught = await caughtFrom(
      rollback.protect(bench.sandbox, async ({ snapshotId }) => {
        outerId = snapshotId;
        await bench.run('echo outer > outer');
        await rollback.protect(bench.sandbox.id, async () => {
          await bench.spoil();
          throw first;
        });
      }),
    );

    expect(caught).toBe(first);
    expect(rollbackOf(caught)?.snapshotId).toBe(outerId);
    expect(await bench.state()).toBe(bench.before);
  });

  it('at the same time: the second begins when the first is undone', async () => {
    const first = rollback.protect(bench.sandbox, async () => {
      await bench.run('echo first > first; sleep 0.5');
      throw new Error('no');
    });
    const second = rollback.protect(bench.sandbox, async () => bench.run('echo second > second'));

    await Promise.allSettled([first, second]);

    expect(await bench.list()).toBe('dir second');
  });

  it('at the same time within another: all of them are undone with it', async () => {
    await caughtFrom(
      rollback.protect(bench.sandbox, async () =>
        Promise.all([
          rollback.protect(bench.sandbox, async () => Promise.reject(new Error('no'))),
          rollback.protect(bench.sandbox, async () => bench.run('sleep 0.3; echo second > second')),
        ]),
      ),
    );

    expect(await bench.state()).toBe(bench.before);
  });
});
