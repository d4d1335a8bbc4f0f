import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import {
  RollbackFailedError,
  type RollbackManager,
  type RollbackPolicy,
  type RollbackTrigger,
  rollbackOf,
} from '../../src/index.js';
import { caughtFrom, Workbench } from './support/workbench.js';

let bench: Workbench;
let rollback: RollbackManager;

beforeAll(async () => {
  bench = await Workbench.open();
  rollback = bench.managerOf();
});

beforeEach(async () => bench.reset());

afterAll(async () => bench[Symbol.asyncDispose]());

async function failureOf(promise: Promise<unknown>): Promise<RollbackFailedError> {
  const error = await caughtFrom(promise);
  if (error instanceof RollbackFailedError) return error;
  throw new Error('Expected a RollbackFailedError', { cause: error });
}

const ENDS: readonly [RollbackTrigger, () => Promise<unknown>][] = [
  ['on_error', async () => Promise.reject(new Error('no'))],
  ['on_timeout', async () => bench.sandbox.execute(['sleep', '60'], { timeoutSeconds: 0.2 })],
  ['on_limit', async () => bench.sandbox.execute(['yes'], { maxOutputBytes: 1000, onOutputLimit: 'kill' })],
  ['on_nonzero_exit', async () => ({ test: await bench.sandbox.execute(['sh', '-c', 'exit 3']) })],
];
const TRIGGERS: readonly RollbackTrigger[] = [...ENDS.map(([trigger]) => trigger), 'manual'];

describe('triggers', () => {
  it.each(ENDS)('%s: rolls back by it alone, and not by all the others', async (trigger, end) => {
    const work = async (): Promise<unknown> => bench.spoil().then(end);

    await bench
      .managerOf({ triggers: [trigger] })
      .protect(bench.sandbox, work)
      .catch(() => undefined);
    expect(await bench.state()).toBe(bench.before);

    const others = TRIGGERS.filter((each) => each !== trigger);
    await bench
      .managerOf({ triggers: others })
      .protect(bench.sandbox, work)
      .catch(() => undefined);
    expect(await bench.state()).not.toBe(bench.before);
  });

  it.each<[string, RollbackPolicy]>([
    ['manual', { triggers: ['manual'] }],
    ['not enabled', { enabled: false, triggers: TRIGGERS }],
  ])('%s: only a rollback by hand undoes anything', async (_what, policy) => {
    const byHand = bench.managerOf(policy);
    const snapshotId = await byHand.createSnapshot(bench.sandbox);
    for (const [trigger, end] of ENDS) {
      await byHand.protect(bench.sandbox, async () => bench.run(`touch ${trigger}`).then(end)).catch(() => undefined);
      expect(await bench.list()).toContain(trigger);
    }

    await byHand.rollback(snapshotId, bench.sandbox);
    expect(await bench.state()).toBe(bench.before);
  });

  it('are those of autoRollbackOnError, which goes back to a snapshot that was asked for', async () => {
    const picky = bench.managerOf({ triggers: ['on_nonzero_exit'] });
    const snapshotId = await picky.createSnapshot(bench.sandbox);
    await bench.spoil();
    expect(await picky.autoRollbackOnError(bench.sandbox, new Error('no'))).toBeUndefined();
    const failed = await caughtFrom(bench.sandbox.execute(['false'], { check: true }));
    await picky.protect(bench.sandbox, async () => {
      expect(await picky.autoRollbackOnError(bench.sandbox, failed)).toMatchObject({ snapshotId });
    });
    expect(await bench.state()).toBe(bench.before);
  });
});

describe('work that ends well', () => {
  it('is kept, with its value, and no snapshot stays', async () => {
    const result = await rollback.protect(bench.sandbox, async ({ snapshotId }) => {
      expect(await bench.kinds()).toEqual(['protect']);
      await bench.spoil();
      return snapshotId;
    });

    expect(result).toEqual({ status: 'kept', value: expect.stringMatching(/^snap_/u) });
    expect(await bench.state()).not.toBe(bench.before);
    expect(await bench.kinds()).toEqual([]);
  });

  it('leaves a snapshot to go back to where that was asked for', async () => {
    const { snapshotId = '' } = await rollback.protect(bench.sandbox, async () => bench.spoil(), {
      keepSnapshot: true,
    });

    expect(await bench.kinds()).toEqual(['requested']);
    await rollback.rollback(snapshotId, bench.sandbox);
    expect(await bench.state()).toBe(bench.before);
  });

  it('can be protected again and again', async () => {
    for (let i = 0; i < 4; i++) await rollback.protect(bench.sandbox, async () => bench.run(`echo ${i} >> log`));

    expect((await bench.sandbox.execute(['cat', 'log'])).stdout).toBe('0\n1\n2\n3\n');
    expect(await bench.kinds()).toEqual([]);
  });
});

describe('work that fails', () => {
  it('is undone and rejects with its very error, by which the rollback is found', async () => {
    const first = new Error('first');
    Object.freeze(first);
    let taken = '';

    const caught = await caughtFrom(
      rollback.protect(bench.sandbox, async ({ snapshotId }) => {
        taken = snapshotId;
        await bench.spoil();
        throw first;
      }),
    );

    expect(caught).toBe(first);
    expect(rollbackOf(caught)).toMatchObject({
      snapshotId: taken,
      containerId: bench.sandbox.container.id,
      removed: [expect.any(String)],
    });
    expect(await bench.state()).toBe(bench.before);
    expect(await bench.kinds()).toEqual(['safety']);
  });

  it('can be looked at in the safety snapshot', async () => {
    const error = await caughtFrom(
      rollback.protect(bench.sandbox, async () => {
        await bench.spoil();
        throw new Error('no');
      }),
    );

    await rollback.rollback(rollbackOf(error)?.safetySnapshotId ?? '', bench.sandbox);
    expect((await bench.sandbox.execute(['cat', 'new'])).stdout).toBe('new\n');
  });

  it('resolves where it threw nothing, with its value and what was undone', async () => {
    const result = await bench.managerOf({ triggers: ['on_nonzero_exit'] }).protect(bench.sandbox, async () => {
      await bench.spoil();
      return bench.sandbox.execute(['sh', '-c', 'echo broken >&2; exit 3']);
    });

    expect(result).toMatchObject({
      status: 'rolled_back',
      value: { exitCode: 3, stderr: 'broken\n' },
      rollback: { removed: [expect.any(String)] },
    });
    expect(await bench.state()).toBe(bench.before);
  });

  it('ends what it left running', async () => {
    await caughtFrom(
      rollback.protect(bench.sandbox, async () => {
        await bench.sandbox.execute(['sh', '-c', 'while :; do date > late; sleep 0.05; done &'], {
          background: 'keep',
        });
        throw new Error('no');
      }),
    );
    await bench.run('sleep 0.3');

    expect(await bench.state()).toBe(bench.before);
  });
});

describe('a signal', () => {
  it('ends the work, and the rollback runs all the same', async () => {
    const controller = new AbortController();

    const error = await caughtFrom(
      rollback.protect(
        bench.sandbox,
        async ({ signal }) => {
          await bench.spoil();
          const sleeping = bench.sandbox.execute(['sleep', '60'], { signal, killGraceMs: 0 });
          controller.abort(new Error('enough'));
          await sleeping;
        },
        { signal: controller.signal },
      ),
    );

    expect(error).toMatchObject({ code: 'PARACLE_SANDBOX_ABORTED', cause: { message: 'enough' } });
    expect(rollbackOf(error)).toMatchObject({ removed: [expect.any(String)] });
    expect(await bench.state()).toBe(bench.before);
  });

  it('undoes also work that does not heed it', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');

    const running = rollback.protect(
      bench.sandbox,
      async () => {
        await bench.spoil();
        controller.abort(reason);
      },
      { signal: controller.signal },
    );

    await expect(running).rejects.toBe(reason);
    expect(await bench.state()).toBe(bench.before);
  });

  it('leaves nothing where it has fired before', async () => {
    const signal = AbortSignal.abort(new Error('enough'));

    await expect(rollback.protect(bench.sandbox, async () => bench.spoil(), { signal })).rejects.toThrow('enough');
    expect(await bench.state()).toBe(bench.before);
    expect(await bench.kinds()).toEqual([]);
  });
});

describe('a rollback that fails', () => {
  it('is told beside the first error, and can be made again', async () => {
    await using elsewhere = new Engine();
    const other = await elsewhere.supervisors.connect(bench.sandbox.container.id);
    const first = new Error('first');
    let letGo = (): void => undefined;
    let holding: Promise<void> = Promise.resolve();

    const error = await failureOf(
      rollback.protect(bench.sandbox, async () => {
        await bench.spoil();
        // Another process begins a snapshot, and is not done when this one fails.
        await new Promise<void>((frozen) => {
          holding = other.whileFrozen(async () => {
            frozen();
            await new Promise<void>((resolve) => {
              letGo = resolve;
            });
          });
        });
        throw first;
      }),
    );
    letGo();
    await holding;

    expect(error.cause).toBe(first);
    expect(error.rollbackError).toMatchObject({ code: 'PARACLE_SUPERVISOR_BUSY' });
    expect(error.details).toMatchObject({ trigger: 'on_error', rollbackCode: 'PARACLE_SUPERVISOR_BUSY' });
    expect(await bench.state()).not.toBe(bench.before);
    expect(await bench.kinds()).toEqual(['protect']);
    await rollback.rollback(error.snapshotId, bench.sandbox);
    expect(await bench.state()).toBe(bench.before);
    // Nobody deletes it any more, so its age does.
    await bench.managerOf({ maxAgeHours: 1e-9 }).createSnapshot(bench.sandbox);
    expect(await bench.kinds()).toEqual(['requested']);
  });

  it('carries the value of work that threw nothing', async () => {
    const error = await failureOf(
      bench.managerOf({ triggers: ['on_nonzero_exit'] }).protect(bench.sandbox, async ({ snapshotId }) => {
        await rollback.deleteSnapshot(snapshotId, bench.sandbox);
        return bench.sandbox.execute(['false']);
      }),
    );

    expect(error).toMatchObject({ value: { exitCode: 1 }, cause: { code: 'PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND' } });
  });

  it('has a limit of its own', async () => {
    const { id } = bench.sandbox.container;
    const first = new Error('first');

    const error = await failureOf(
      rollback.protect(
        bench.sandbox,
        async () => {
          await bench.sandboxes.engine.containers.pause(id);
          throw first;
        },
        { stepTimeoutMs: 3000 },
      ),
    ).finally(async () => bench.sandboxes.engine.containers.unpause(id));

    expect(error.cause).toBe(first);
    expect(error.rollbackError).toMatchObject({ code: 'PARACLE_SUPERVISOR_TIMEOUT' });
  });
});

describe('a sandbox that goes in mid-work', () => {
  it('does not hide the first error where it was destroyed', async () => {
    await using own = await bench.sandboxes.create();
    const first = new Error('first');

    const error = await failureOf(
      rollback.protect(own, async () => {
        await own.destroy();
        throw first;
      }),
    );

    expect(error.cause).toBe(first);
  });

  it('puts back a sandbox that was lost', async () => {
    await using own = await bench.sandboxes.create();

    const error = await caughtFrom(
      rollback.protect(own, async () => {
        await own.execute(['touch', 'new'], { check: true });
        const sleeping = own.execute(['sleep', '60']);
        await bench.sandboxes.engine.containers.kill(own.container.id, 'SIGKILL');
        await sleeping;
      }),
    );

    expect(error).toMatchObject({ code: 'PARACLE_SANDBOX_LOST' });
    expect(rollbackOf(error)?.removed).toEqual(['/workspace/new']);
  });

  it('does not matter where the work ends well', async () => {
    await using own = await bench.sandboxes.create();

    const result = await rollback.protect(own, async () => {
      await own.destroy();
      return 5;
    });

    expect(result).toEqual({ status: 'kept', value: 5 });
  });
});
