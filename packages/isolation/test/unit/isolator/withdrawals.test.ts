import { setImmediate } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { waitUntil } from '@paracle/test-support';
import { Withdrawals } from '../../../src/isolator/withdrawals.js';

const CONTAINER = { containerId: 'c1', networkId: 'n1' };
const OTHER = { containerId: 'c2', networkId: 'n2' };
const FAILED = { code: 'PARACLE_ISOLATION_DISCONNECT_FAILED' };

/** An engine that refuses to take a container off its network, until a test says that it does. */
class Refusal {
  attempts = 0;
  isOver = false;
  readonly withdraw = async (): Promise<void> => {
    this.attempts++;
    if (!this.isOver) throw new Error('refused');
  };
}

it('goes on after a refusal, ever more seldom, until it succeeds, and no longer', async () => {
  const refusal = new Refusal();
  const pauses: number[] = [];
  const withdrawals = new Withdrawals(new AbortController().signal, async (ms) => {
    pauses.push(ms);
    refusal.isOver = pauses.length === 6;
    await setImmediate();
  });

  await expect(withdrawals.begin(CONTAINER, refusal.withdraw)).rejects.toMatchObject({
    ...FAILED,
    details: CONTAINER,
    cause: { message: 'refused' },
  });
  expect(withdrawals.list()).toEqual([CONTAINER]);
  await waitUntil('it has succeeded', () => withdrawals.list().length === 0);

  expect(pauses.slice(0, 6)).toEqual([200, 400, 800, 1600, 2000, 2000]);
  expect(refusal.attempts).toBe(7);
  await withdrawals.attempt(CONTAINER);
  await withdrawals.finish(CONTAINER.containerId);
  expect(refusal.attempts).toBe(7);
});

it('knows a container from the first attempt on, by its network', async () => {
  const withdrawals = new Withdrawals(new AbortController().signal);
  const seen: unknown[] = [];
  const look = async (): Promise<void> => void seen.push(withdrawals.list(), withdrawals.list('n1'));

  await withdrawals.begin(CONTAINER, look);

  expect(seen).toEqual([[CONTAINER], [CONTAINER]]);
  await withdrawals.begin(OTHER, look);
  expect(seen.slice(2)).toEqual([[OTHER], []]);
  expect(withdrawals.list()).toEqual([]);
});

it('has whoever asks for the end of it wait for the attempt that is under way, and try no more', async () => {
  const withdrawals = new Withdrawals(new AbortController().signal);
  let letGo: () => void = () => undefined;
  const refusal = new Refusal();
  refusal.isOver = true;
  const done: string[] = [];

  const begun = withdrawals.begin(CONTAINER, async () => {
    await new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await refusal.withdraw();
    done.push('withdrawn');
  });
  const asked = [
    withdrawals.finish(CONTAINER.containerId).then(() => done.push('finished')),
    withdrawals.attempt(CONTAINER).then(() => done.push('attempted')),
    withdrawals.finish(OTHER.containerId).then(() => done.push('finished other')),
  ];
  await asked[2];
  expect(done).toEqual(['finished other']);
  letGo();

  await Promise.all([begun, ...asked]);
  expect(done.slice(1)).toEqual(['withdrawn', 'finished', 'attempted']);
  expect(refusal.attempts).toBe(1);
});

it('takes a second loss of the same container for the first', async () => {
  const withdrawals = new Withdrawals(new AbortController().signal);
  const [first, second] = [new Refusal(), new Refusal()];

  await expect(withdrawals.begin(CONTAINER, first.withdraw)).rejects.toMatchObject(FAILED);
  await expect(withdrawals.begin(CONTAINER, second.withdraw)).rejects.toMatchObject(FAILED);
  first.isOver = true;
  await withdrawals.finish(CONTAINER.containerId);

  expect([first.attempts, second.attempts]).toEqual([3, 0]);
});

it('ends with the signal, and tries once more when it is asked to', async () => {
  const closing = new AbortController();
  const withdrawals = new Withdrawals(closing.signal);
  const refusal = new Refusal();
  await expect(withdrawals.begin(CONTAINER, refusal.withdraw)).rejects.toMatchObject(FAILED);

  closing.abort();
  await expect(withdrawals.finish(CONTAINER.containerId)).rejects.toMatchObject(FAILED);
  expect(refusal.attempts).toBe(2);

  refusal.isOver = true;
  await withdrawals.finish(CONTAINER.containerId);
  expect(withdrawals.list()).toEqual([]);
});
