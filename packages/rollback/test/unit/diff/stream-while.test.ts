import { expect, it } from '@jest/globals';
import { streamWhile } from '../../../src/diff/stream-while.js';

/** Numbers from 1 to 3, and what happened to what is held for them. */
function createHeld(log: string[], failure?: Error): Parameters<typeof streamWhile<number>>[0] {
  async function* numbers(): AsyncGenerator<number> {
    try {
      yield 1;
      if (failure !== undefined) throw failure;
      yield 2;
      yield 3;
    } finally {
      log.push('left');
    }
  }
  return async (lend) => {
    log.push('held');
    await lend(numbers());
    log.push('let go');
  };
}

async function collect(items: AsyncIterable<number>): Promise<number[]> {
  const found: number[] = [];
  for await (const item of items) found.push(item);
  return found;
}

it('holds from the first that is asked for until the last was taken', async () => {
  const log: string[] = [];
  const items = streamWhile(createHeld(log), {});
  expect(log).toEqual([]);

  expect(await collect(items)).toEqual([1, 2, 3]);
  expect(log).toEqual(['held', 'left', 'let go']);
});

it('lets go where the loop is left, before anything after it', async () => {
  const log: string[] = [];
  for await (const item of streamWhile(createHeld(log), {})) if (item === 2) break;
  expect(log).toEqual(['held', 'left', 'let go']);
});

it('lets go and rejects where an item can’t be had, or nothing can be held', async () => {
  const log: string[] = [];
  const failure = new Error('half way');
  await expect(collect(streamWhile(createHeld(log, failure), {}))).rejects.toBe(failure);
  expect(log).toEqual(['held', 'left', 'let go']);

  await expect(collect(streamWhile<number>(async () => Promise.reject(failure), {}))).rejects.toBe(failure);
});

it('tells what went wrong in letting go', async () => {
  const failure = new Error('stuck');
  const hold = async (lend: (items: AsyncIterable<number>) => Promise<void>): Promise<void> => {
    await createHeld([])(lend);
    throw failure;
  };
  await expect(collect(streamWhile(hold, {}))).rejects.toBe(failure);
});

it('lets go when the signal fires, and rejects the next with its reason', async () => {
  const log: string[] = [];
  const controller = new AbortController();
  const items = streamWhile(createHeld(log), { signal: controller.signal });
  await items.next();
  controller.abort(new Error('enough'));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(log).toEqual(['held', 'let go']);
  await expect(items.next()).rejects.toThrow('enough');
});
