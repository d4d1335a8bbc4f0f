import { expect, it } from '@jest/globals';
import { Slots } from '../../../src/lifecycle/slots.js';

const settle = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('gives out as many places as there are, then in the order of asking', async () => {
  const slots = new Slots(2);
  const order: number[] = [];
  const releases: (() => void)[] = [];
  for (const number of [0, 1, 2, 3, 4]) {
    void slots.take().then((release) => {
      order.push(number);
      releases.push(release);
    });
  }
  await settle();
  expect([order, slots.waitingCount]).toEqual([[0, 1], 3]);
  releases[1]?.();
  await settle();
  expect(order).toEqual([0, 1, 2]);
  releases[0]?.();
  releases[2]?.();
  await settle();
  expect([order, slots.waitingCount]).toEqual([[0, 1, 2, 3, 4], 0]);
});

it('gives a place back once, however often that is said', async () => {
  const slots = new Slots(1);
  const release = await slots.take();
  const second = slots.take();
  const third = slots.take();
  release();
  release();
  await second;
  await settle();
  expect(slots.waitingCount).toBe(1);
  (await second)();
  await third;
});

it('rejects who is aborted while waiting with the reason, and forgets it at once', async () => {
  const slots = new Slots(1);
  const release = await slots.take();
  const stop = new AbortController();
  const waiting = slots.take(stop.signal);
  const behind = slots.take();
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect(slots.waitingCount).toBe(1);
  release();
  await expect(behind).resolves.toBeInstanceOf(Function);
});

it('lets nobody wait whose signal is aborted already', async () => {
  const slots = new Slots(1);
  await expect(slots.take(AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  await expect(slots.take()).resolves.toBeInstanceOf(Function);
});

it('keeps a place that was taken, whatever becomes of the signal later', async () => {
  const slots = new Slots(1);
  const stop = new AbortController();
  const release = await slots.take(stop.signal);
  const second = slots.take();
  stop.abort();
  await settle();
  expect(slots.waitingCount).toBe(1);
  release();
  await second;
});
