import { describe, expect, it } from '@jest/globals';
import { ParacleError } from '@paracle/core';
import type { RollbackTrigger } from '../../../src/config/rollback-config.js';
import { RollbackFailedError, type RollbackResult, rollbackOf } from '../../../src/index.js';
import { type ProtectSteps, runProtected } from '../../../src/protect/run-protected.js';
import { failedResult } from '../support/results.js';

const undone = (snapshotId: string): RollbackResult => ({
  snapshotId,
  containerId: 'c',
  isDryRun: false,
  removed: ['/a'],
  restored: [],
  notRestored: [],
});

/** Steps that note what is asked of them. */
function noting(overrides: Partial<ProtectSteps> = {}): { steps: ProtectSteps; asked: string[] } {
  const asked: string[] = [];
  const triggers: RollbackTrigger[] = ['on_error', 'on_nonzero_exit'];
  const steps: ProtectSteps = {
    policy: { enabled: true, triggers, maxSnapshots: 3, maxAgeHours: 24, backupBeforeRollback: true },
    keepSnapshot: false,
    rollBack: async (snapshotId) => {
      asked.push(`roll back ${snapshotId}`);
      return undone(snapshotId);
    },
    discard: async (snapshotId) => {
      asked.push(`discard ${snapshotId}`);
    },
    ...overrides,
  };
  return { steps, asked };
}

const context = { snapshotId: 's', signal: new AbortController().signal };
const broken = new ParacleError('PARACLE_ROLLBACK_SNAPSHOT_DAMAGED', 'broken');
const failing = {
  rollBack: async (): Promise<RollbackResult> => {
    throw broken;
  },
};

async function caughtFrom(work: () => Promise<unknown>, steps: ProtectSteps): Promise<unknown> {
  return runProtected(work, context, steps).then(
    () => {
      throw new Error('Expected a rejection');
    },
    (error: unknown) => error,
  );
}

function asFailed(error: unknown): RollbackFailedError {
  if (error instanceof RollbackFailedError) return error;
  throw new Error('Expected a RollbackFailedError', { cause: error });
}

describe('work that ends well', () => {
  it('is kept, and its snapshot discarded', async () => {
    const { steps, asked } = noting();

    expect(await runProtected(async () => 5, context, steps)).toEqual({ status: 'kept', value: 5 });
    expect(asked).toEqual(['discard s']);
  });

  it('is given snapshot and signal', async () => {
    const { steps } = noting();

    expect(await runProtected(async (given) => given, context, steps)).toMatchObject({ value: context });
  });

  it('tells of the snapshot where it is kept', async () => {
    const { steps, asked } = noting({ keepSnapshot: true });

    expect(await runProtected(async () => 5, context, steps)).toEqual({ status: 'kept', value: 5, snapshotId: 's' });
    expect(asked).toEqual([]);
  });
});

describe('work that throws', () => {
  const frozen = Object.freeze(new Error('frozen'));

  it.each<[string, unknown]>([
    ['an error', new Error('no')],
    ['a frozen error', frozen],
    ['an object', { no: true }],
    ['a function', () => 'no'],
  ])('rejects with that very value, by which the rollback is found: %s', async (_what, thrown) => {
    const { steps, asked } = noting();

    const caught = await caughtFrom(async () => {
      throw thrown;
    }, steps);

    expect(caught).toBe(thrown);
    expect(rollbackOf(caught)).toEqual(undone('s'));
    expect(asked).toEqual(['roll back s', 'discard s']);
  });

  it.each<[unknown]>([['text'], [undefined], [null], [0], [Symbol.for('no')]])(
    'rolls back and rejects with %p as it is, which carries nothing',
    async (thrown) => {
      const { steps, asked } = noting();

      const caught = await caughtFrom(async () => {
        throw thrown;
      }, steps);

      expect(caught).toBe(thrown);
      expect(rollbackOf(caught)).toBeUndefined();
      expect(asked).toEqual(['roll back s', 'discard s']);
    },
  );

  it('rejects also where it throws before it waits for anything', async () => {
    const { steps } = noting();
    const first = new Error('at once');

    expect(
      await caughtFrom(() => {
        throw first;
      }, steps),
    ).toBe(first);
  });

  it('is not undone where the policy does not name it', async () => {
    const { steps, asked } = noting({ policy: { ...noting().steps.policy, triggers: ['manual'] } });
    const first = new Error('no');

    expect(await caughtFrom(async () => Promise.reject(first), steps)).toBe(first);
    expect(rollbackOf(first)).toBeUndefined();
    expect(asked).toEqual(['discard s']);
  });
});

describe('work that returns a command that failed', () => {
  it('resolves with its value and what was undone', async () => {
    const { steps, asked } = noting();
    const value = { test: failedResult() };

    const result = await runProtected(async () => value, context, steps);

    expect(result).toEqual({ status: 'rolled_back', value, rollback: undone('s') });
    expect(result.value).toBe(value);
    expect(asked).toEqual(['roll back s', 'discard s']);
  });

  it('tells of the snapshot where it is kept', async () => {
    const { steps } = noting({ keepSnapshot: true });

    expect(await runProtected(async () => failedResult(), context, steps)).toMatchObject({
      status: 'rolled_back',
      snapshotId: 's',
    });
  });
});

describe('a signal that has fired', () => {
  it('counts though the work does not heed it', async () => {
    const controller = new AbortController();
    const { steps, asked } = noting();
    const reason = new Error('enough');

    const running = runProtected(
      async () => {
        controller.abort(reason);
        return 5;
      },
      { snapshotId: 's', signal: controller.signal },
      steps,
    );

    await expect(running).rejects.toBe(reason);
    expect(rollbackOf(reason)).toEqual(undone('s'));
    expect(asked).toEqual(['roll back s', 'discard s']);
  });

  it('does not take the place of what the work threw', async () => {
    const controller = new AbortController();
    const first = new Error('first');

    const running = runProtected(
      async () => {
        controller.abort(new Error('enough'));
        throw first;
      },
      { snapshotId: 's', signal: controller.signal },
      noting().steps,
    );

    await expect(running).rejects.toBe(first);
  });
});

describe('a rollback that fails', () => {
  it('is told beside what the work threw, and leaves the snapshot', async () => {
    const { steps, asked } = noting(failing);
    const first = new Error('first');

    const caught = await caughtFrom(async () => Promise.reject(first), steps);

    expect(asFailed(caught)).toMatchObject({
      name: 'RollbackFailedError',
      code: 'PARACLE_ROLLBACK_FAILED',
      message: 'The work failed (first), and the rollback to s failed too: broken',
      snapshotId: 's',
      details: { snapshotId: 's', trigger: 'on_error', rollbackCode: 'PARACLE_ROLLBACK_SNAPSHOT_DAMAGED' },
    });
    expect(asFailed(caught).cause).toBe(first);
    expect(asFailed(caught).rollbackError).toBe(broken);
    expect(rollbackOf(first)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it.each<[unknown, string]>([
    ['text', 'text'],
    [{ secret: 1 }, 'a thrown object'],
    [Object.create(null), 'a thrown object'],
    [Symbol('s'), 'a thrown symbol'],
    [undefined, 'a thrown undefined'],
  ])('puts %p in words without failing itself', async (thrown, words) => {
    const { steps } = noting(failing);

    const caught = await caughtFrom(async () => {
      throw thrown;
    }, steps);

    expect(caught).toMatchObject({ code: 'PARACLE_ROLLBACK_FAILED', message: expect.stringContaining(`(${words})`) });
    expect(asFailed(caught).cause).toBe(thrown);
  });

  it('carries the value of work that threw nothing', async () => {
    const value = failedResult();

    const caught = await caughtFrom(async () => value, noting(failing).steps);

    expect(caught).toMatchObject({ code: 'PARACLE_ROLLBACK_FAILED', details: { trigger: 'on_nonzero_exit' } });
    expect(asFailed(caught).value).toBe(value);
    expect(asFailed(caught).cause).toBe(broken);
  });

  it('is a reason for a protect around it, whatever made the rollback necessary', async () => {
    const timeout = new ParacleError('PARACLE_SANDBOX_TIMEOUT', 'too long');
    const policy = { ...noting().steps.policy, triggers: ['on_timeout'] as const };
    const { steps, asked } = noting({ policy });

    const caught = await caughtFrom(
      async () => runProtected(async () => Promise.reject(timeout), context, noting({ policy, ...failing }).steps),
      steps,
    );

    expect(asFailed(caught).cause).toBe(timeout);
    expect(rollbackOf(caught)).toEqual(undone('s'));
    expect(asked).toEqual(['roll back s', 'discard s']);
  });
});

it('finds the outermost rollback after two for one error', async () => {
  const first = new Error('first');
  const inner = async (): Promise<unknown> =>
    runProtected(async () => Promise.reject(first), { ...context, snapshotId: 'inner' }, noting().steps);

  expect(await caughtFrom(inner, noting().steps)).toBe(first);
  expect(rollbackOf(first)?.snapshotId).toBe('s');
});
