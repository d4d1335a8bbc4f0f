import { expect, it } from '@jest/globals';
import { createRandom } from '@paracle/test-support';
import { OutputQueue } from '../../../src/execution/output-queue.js';

interface Taken {
  readonly pieces: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function takeAll(queue: OutputQueue): Promise<Taken> {
  const taken = { pieces: 0, stdout: '', stderr: '' };
  for await (const { stream, bytes } of queue) {
    taken.pieces++;
    taken[stream] += Buffer.from(bytes).toString('latin1');
  }
  return taken;
}

it('holds what comes in tiny pieces on both streams in few, each stream in order', async () => {
  const queue = new OutputQueue(() => undefined);
  for (let at = 0; at < 50_000; at++) {
    queue.push('stdout', Buffer.of(at % 251));
    queue.push('stderr', Buffer.of(at % 241));
  }
  queue.end();
  const taken = await takeAll(queue);
  const expected = (period: number): string =>
    Buffer.from(Array.from({ length: 50_000 }, (_value, at) => at % period)).toString('latin1');
  expect(taken.stdout).toBe(expected(251));
  expect(taken.stderr).toBe(expected(241));
  expect(taken.pieces).toBeLessThan(30);
});

it('loses and repeats nothing, and reports all as consumed, whatever the sizes and whenever pieces are taken', async () => {
  const random = createRandom(9);
  const consumed = { stdout: 0, stderr: 0 };
  const queue = new OutputQueue((stream, bytes) => (consumed[stream] += bytes));
  const sent = { stdout: '', stderr: '' };
  const taking = takeAll(queue);
  for (let turn = 0; turn < 2000; turn++) {
    const stream = random() < 0.5 ? 'stdout' : 'stderr';
    const size = random() < 0.1 ? Math.floor(random() * 10_000) : Math.floor(random() * 20);
    const piece = Buffer.alloc(size, turn % 256);
    queue.push(stream, piece);
    sent[stream] += piece.toString('latin1');
    // Its bytes are a view that is used again.
    piece.fill(0xff);
    if (random() < 0.2) await new Promise((resolve) => setImmediate(resolve));
  }
  queue.end();
  const { stdout, stderr } = await taking;
  expect({ stdout, stderr }).toEqual(sent);
  expect(consumed).toEqual({ stdout: sent.stdout.length, stderr: sent.stderr.length });
});

it('reports what was held as consumed when nobody wants it', () => {
  const consumed: number[] = [];
  const queue = new OutputQueue((_stream, bytes) => consumed.push(bytes));
  queue.push('stdout', Buffer.alloc(3));
  queue.push('stdout', Buffer.alloc(4));
  queue.skip();
  queue.push('stdout', Buffer.alloc(5));
  expect(consumed).toEqual([7, 5]);
});
