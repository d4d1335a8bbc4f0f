import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '@paracle/core';
import { type ProtectionSteps, Protections } from '../../../src/protect/protections.js';
import type { ProtectContext } from '../../../src/protect/run-protected.js';

/** Something to wait for until the test says so. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Lets everything go on that does not wait for the test. */
const settle = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const fail = async (): Promise<never> => {
  throw new Error('no');
};

/** The protections of a made-up manager, with a record of what happened. */
class Recorder {
  readonly log: string[] = [];
  readonly warnings: string[] = [];
  readonly protections: Protections = new Protections({
    ...silentLogger,
    warn: (_fields, message) => void this.warnings.push(message),
  });

  async run<Value>(
    name: string,
    work: (context: ProtectContext) => Promise<Value>,
    options: {
      readonly signal?: AbortSignal;
      readonly container?: string;
      readonly steps?: Partial<ProtectionSteps>;
    } = {},
  ): Promise<unknown> {
    const { container = 'c', steps = {}, signal } = options;
    const noted = async (context: ProtectContext): Promise<Value> => {
      this.log.push(`work ${name}`);
      return work(context);
    };
    return this.protections.run(container, noted, { ...this.#stepsOf(name), ...steps, signal });
  }

  #stepsOf(name: string): ProtectionSteps {
    const policy = { enabled: true, triggers: ['on_error'] as const, maxSnapshots: 3, maxAgeHours: 24 };
    return {
      policy: { ...policy, backupBeforeRollback: true },
      keepSnapshot: false,
      take: async (onTaken) => {
        this.log.push(`take ${name}`);
        onTaken(name);
        return name;
      },
      rollBack: async (snapshotId) => {
        this.log.push(`roll back ${snapshotId}`);
        return { snapshotId, containerId: 'c', isDryRun: false, removed: [], restored: [], notRestored: [] };
      },
      remove: async (snapshotId) => {
        this.log.push(`remove ${snapshotId}`);
      },
    };
  }
}

describe('protects of one container', () => {
  it('wait for one another in the order of asking, also after one that fails', async () => {
    const recorder = new Recorder();
    const { opened, open } = gate();

    const all = Promise.allSettled([
      recorder.run('a', async () => opened.then(fail)),
      recorder.run('b', async () => undefined),
      recorder.run('c', async () => undefined),
    ]);
    await settle();
    expect(recorder.log).toEqual(['take a', 'work a']);
    open();
    await all;

    expect(recorder.log).toEqual([
      ...['take a', 'work a', 'roll back a', 'remove a'],
      ...['take b', 'work b', 'remove b'],
      ...['take c', 'work c', 'remove c'],
    ]);
  });

  it('do not wait for those of another', async () => {
    const recorder = new Recorder();
    const { opened, open } = gate();

    const waiting = recorder.run('a', async () => opened);
    await recorder.run('b', async () => undefined, { container: 'other' });
    expect(recorder.log).toContain('work a');
    expect(recorder.log).not.toContain('remove a');
    open();
    await waiting;
  });

  it('can be given up while they wait, and those behind them go on', async () => {
    const recorder = new Recorder();
    const { opened, open } = gate();
    const controller = new AbortController();

    const first = recorder.run('a', async () => opened);
    const second = recorder.run('b', async () => undefined, { signal: controller.signal });
    const third = recorder.run('c', async () => undefined);
    await settle();
    controller.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    expect(recorder.log).toEqual(['take a', 'work a']);
    open();
    await Promise.all([first, third]);

    expect(recorder.log).toEqual(['take a', 'work a', 'remove a', 'take c', 'work c', 'remove c']);
  });

  it('take no snapshot where the signal has fired already', async () => {
    const recorder = new Recorder();
    const signal = AbortSignal.abort(new Error('enough'));

    await expect(recorder.run('a', async () => undefined, { signal })).rejects.toThrow('enough');
    expect(recorder.log).toEqual([]);
  });

  it('are not given up once they have begun: the work decides', async () => {
    const recorder = new Recorder();
    const { opened, open } = gate();
    const controller = new AbortController();
    let isOver = false;

    const running = recorder
      .run('a', async () => opened, { signal: controller.signal })
      .finally(() => {
        isOver = true;
      });
    running.catch(() => undefined);
    await settle();
    controller.abort(new Error('enough'));
    await settle();
    expect(isOver).toBe(false);
    open();

    await expect(running).rejects.toThrow('enough');
    expect(recorder.log).toEqual(['take a', 'work a', 'roll back a', 'remove a']);
  });
});

describe('protects within the work of another', () => {
  it('do not wait for the one that they are in, at any depth', async () => {
    const recorder = new Recorder();

    await recorder.run('a', async () => {
      await recorder.run('b', async () => recorder.run('c', async () => undefined));
    });

    expect(recorder.log).toEqual([
      'take a',
      'work a',
      'take b',
      'work b',
      'take c',
      'work c',
      'remove c',
      'remove b',
      'remove a',
    ]);
  });

  it('do not wait for it either where another container is between them', async () => {
    const recorder = new Recorder();

    await recorder.run('a', async () =>
      recorder.run('b', async () => recorder.run('c', async () => undefined), { container: 'other' }),
    );

    expect(recorder.log).toContain('work c');
  });

  it('wait for one another, and are over before the outer one is undone', async () => {
    const recorder = new Recorder();
    const { opened, open } = gate();

    const outer = recorder.run('a', async () =>
      Promise.all([recorder.run('b', fail), recorder.run('c', async () => opened)]),
    );
    outer.catch(() => undefined);
    await settle();
    expect(recorder.log).toEqual([
      ...['take a', 'work a', 'take b', 'work b', 'roll back b', 'remove b', 'take c', 'work c'],
    ]);
    open();

    await expect(outer).rejects.toThrow('no');
    expect(recorder.log.slice(-3)).toEqual(['remove c', 'roll back a', 'remove a']);
  });

  it('wait like all others once it is over', async () => {
    const recorder = new Recorder();
    const first = gate();
    const second = gate();
    let late: Promise<unknown> = Promise.resolve();

    await recorder.run('a', async () => {
      late = first.opened.then(async () => recorder.run('late', async () => undefined));
    });
    const other = recorder.run('b', async () => second.opened);
    first.open();
    await settle();
    expect(recorder.log).not.toContain('take late');
    second.open();
    await Promise.all([late, other]);

    expect(recorder.log.slice(-3)).toEqual(['take late', 'work late', 'remove late']);
  });
});

describe('the snapshot', () => {
  it.each<[string, () => Promise<void>]>([
    ['ends well', async () => undefined],
    ['fails', fail],
  ])('is held from when it is there until all is done, where the work %s', async (_how, work) => {
    const recorder = new Recorder();
    const seen: [string, boolean][] = [];
    const look = (when: string): void => void seen.push([when, recorder.protections.isHeld('a')]);

    await recorder
      .run(
        'a',
        async () => {
          look('work');
          await work();
        },
        {
          steps: {
            take: async (onTaken) => {
              look('before');
              onTaken('a');
              look('taken');
              return 'a';
            },
            remove: async () => look('removal'),
          },
        },
      )
      .catch(() => undefined);
    look('after');

    expect(seen).toEqual([
      ['before', false],
      ['taken', true],
      ['work', true],
      ['removal', true],
      ['after', false],
    ]);
  });

  it('is removed, and nothing is run, where taking it fails when it is there already', async () => {
    const recorder = new Recorder();
    const take = async (onTaken: (snapshotId: string) => void): Promise<string> => {
      onTaken('a');
      throw new Error('full');
    };

    await expect(recorder.run('a', async () => undefined, { steps: { take, keepSnapshot: true } })).rejects.toThrow(
      'full',
    );
    expect(recorder.log).toEqual(['remove a']);
    expect(recorder.protections.isHeld('a')).toBe(false);
  });

  it('is not looked for where taking it fails before', async () => {
    const recorder = new Recorder();

    await expect(recorder.run('a', async () => undefined, { steps: { take: fail } })).rejects.toThrow('no');
    expect(recorder.log).toEqual([]);
  });

  it('that can not be removed changes nothing of the outcome, and is logged', async () => {
    const recorder = new Recorder();
    const steps = { remove: fail };

    expect(await recorder.run('a', async () => 5, { steps })).toEqual({ status: 'kept', value: 5 });
    expect(recorder.warnings).toEqual(['snapshot of a protect not deleted']);
  });
});
