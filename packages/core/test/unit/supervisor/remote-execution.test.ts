import { afterEach, expect, it, jest } from '@jest/globals';
import { createRandom } from '@paracle/test-support';
import { MAX_PAYLOAD_BYTES, REPLY, REQUEST, STDIN_WINDOW_BYTES } from '../../../src/supervisor/protocol.js';
import { RemoteExecution } from '../../../src/supervisor/remote-execution.js';
import { PayloadWriter } from '../../../src/supervisor/wire.js';

/** By name: Node's own errors are of another realm than a test's. */
const rangeError: unknown = expect.objectContaining({ name: 'RangeError' });

const OUTPUT_WINDOW_BYTES = 1024 * 1024;

afterEach(() => {
  jest.useRealTimers();
});

interface Sent {
  readonly type: number;
  readonly id: number;
  readonly payload: Buffer;
}

interface Created {
  readonly execution: RemoteExecution;
  readonly sent: Sent[];
  readonly isOver: () => boolean;
}

function createExecution(hasTerminal = false): Created {
  const sent: Sent[] = [];
  let isOver = false;
  const send = (type: number, id: number, payload: Buffer = Buffer.alloc(0), onSent?: () => void): void => {
    sent.push({ type, id, payload: Buffer.from(payload) });
    onSent?.();
  };
  const listeners = { onOutput: () => undefined, onOver: () => (isOver = true) };
  return {
    execution: new RemoteExecution(9, send, { windowBytes: OUTPUT_WINDOW_BYTES, hasTerminal }, listeners),
    sent,
    isOver: () => isOver,
  };
}

const u32 = (value: number): Buffer => new PayloadWriter().u32(value).finish();
const exited = (): Buffer => Buffer.concat([Buffer.of(0, 1, 3, 0), Buffer.alloc(4 + 4 * 8 + 16 * 8)]);
const credits = (sent: readonly Sent[]): number[] =>
  sent.filter(({ type }) => type === REQUEST.credit).map(({ payload }) => payload.readUInt32LE(1));
const stdinBytes = (sent: readonly Sent[]): number =>
  sent.filter(({ type }) => type === REQUEST.stdin).reduce((sum, { payload }) => sum + payload.length, 0);

it('takes as much output as was granted and not a byte more', () => {
  const { execution } = createExecution();
  const piece = Buffer.alloc(64 * 1024);
  for (let taken = 0; taken < OUTPUT_WINDOW_BYTES; taken += piece.length) execution.acceptOutput('stdout', piece);
  expect(() => execution.acceptOutput('stdout', Buffer.of(1))).toThrow(rangeError);
  expect(() => execution.acceptOutput('stderr', Buffer.of(1))).not.toThrow();
});

it('grants what was consumed, in few messages, and never more than a window ahead', () => {
  const { execution, sent } = createExecution();
  const random = createRandom(5);
  let received = 0;
  let consumed = 0;
  for (let turn = 0; turn < 5000; turn++) {
    const granted = OUTPUT_WINDOW_BYTES + credits(sent).reduce((sum, credit) => sum + credit, 0);
    const size = Math.min(granted - received, 1 + Math.floor(random() * 60_000));
    if (size > 0) execution.acceptOutput('stderr', Buffer.alloc(size));
    received += size;
    const eaten = Math.floor(random() * (received - consumed + 1));
    execution.consumed('stderr', eaten);
    consumed += eaten;
    const promised = OUTPUT_WINDOW_BYTES + credits(sent).reduce((sum, credit) => sum + credit, 0);
    expect(promised - consumed).toBeLessThanOrEqual(OUTPUT_WINDOW_BYTES);
  }
  expect(received).toBeGreaterThan(50 * OUTPUT_WINDOW_BYTES);
  expect(credits(sent).length).toBeLessThanOrEqual((4 * received) / OUTPUT_WINDOW_BYTES);
});

it('sends no more input than the window holds, in pieces that fit a frame, and the rest with the credit', async () => {
  const { execution, sent } = createExecution();
  const sizeBytes = 3 * STDIN_WINDOW_BYTES + 5;
  let isTaken = false;
  const written = execution.write(Buffer.alloc(sizeBytes)).then(() => (isTaken = true));
  execution.endInput();
  expect(stdinBytes(sent)).toBe(STDIN_WINDOW_BYTES);
  while (stdinBytes(sent) < sizeBytes) {
    expect(isTaken).toBe(false);
    expect(sent.some(({ type }) => type === REQUEST.stdinEnd)).toBe(false);
    execution.acceptMessage(REPLY.stdinCredit, u32(STDIN_WINDOW_BYTES));
  }
  await written;
  expect(stdinBytes(sent)).toBe(sizeBytes);
  expect(Math.max(...sent.map(({ payload }) => payload.length))).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
  expect(sent.at(-1)).toMatchObject({ type: REQUEST.stdinEnd, id: 9 });
});

it('takes no credit for input beyond its window, however often it is offered', () => {
  const { execution, sent } = createExecution();
  for (let offer = 0; offer < 10; offer++) execution.acceptMessage(REPLY.stdinCredit, u32(0xffff_ffff));
  void execution.write(Buffer.alloc(4 * STDIN_WINDOW_BYTES));
  expect(stdinBytes(sent)).toBe(STDIN_WINDOW_BYTES);
});

it('keeps apart what several writers write, in their order', async () => {
  const { execution, sent } = createExecution();
  await Promise.all(['one ', 'two ', 'three'].map(async (text) => execution.write(Buffer.from(text))));
  expect(Buffer.concat(sent.map(({ payload }) => payload)).toString()).toBe('one two three');
});

it('settles with its report, lets waiting writers go, and is silent from then on', async () => {
  const { execution, sent, isOver } = createExecution();
  const writing = execution.write(Buffer.alloc(2 * STDIN_WINDOW_BYTES));
  execution.acceptMessage(REPLY.started, u32(42));
  execution.acceptMessage(REPLY.exited, exited());
  expect(isOver()).toBe(true);
  await writing;
  await expect(execution.started).resolves.toBe(42);
  await expect(execution.ended).resolves.toMatchObject({ exitCode: 3 });
  const before = sent.length;
  execution.consumed('stdout', OUTPUT_WINDOW_BYTES);
  execution.cancel('aborted', 0);
  execution.signal(15);
  execution.endInput();
  await execution.write(Buffer.of(1));
  expect(sent).toHaveLength(before);
});

it('rejects with the refusal, by stage and errno', async () => {
  const { execution, isOver } = createExecution();
  execution.acceptMessage(REPLY.refused, Buffer.concat([u32(4), u32(2)]));
  expect(isOver()).toBe(true);
  await expect(execution.ended).rejects.toMatchObject({ stage: 'command', errno: 'ENOENT' });
  await expect(execution.started).rejects.toMatchObject({ stage: 'command' });
});

it.each([REPLY.welcome, REPLY.done, REPLY.counters])('refuses a message of type %d', (type) => {
  expect(() => createExecution().execution.acceptMessage(type, Buffer.alloc(64))).toThrow(rangeError);
});

it('refuses messages that are cut short', () => {
  for (const type of [REPLY.started, REPLY.refused, REPLY.stdinCredit, REPLY.exited]) {
    expect(() => createExecution().execution.acceptMessage(type, Buffer.alloc(3))).toThrow(rangeError);
  }
});

it.each([
  ['', '\u0004'],
  ['a line\n', '\u0004'],
  ['a line\r', '\u0004'],
  ['an unfinished line', '\u0004\u0004'],
])('ends the input %j of a terminal by Ctrl-D', (text, expected) => {
  const { execution, sent } = createExecution(true);
  void execution.write(Buffer.from(text));
  execution.endInput();
  const typed = sent.filter(({ type }) => type === REQUEST.stdin).map(({ payload }) => payload);
  expect(Buffer.concat(typed).toString()).toBe(text + expected);
  expect(sent.at(-1)?.type).toBe(REQUEST.stdinEnd);
});

it('sends the size of a terminal until it is over', () => {
  const { execution, sent } = createExecution(true);
  execution.resize({ columns: 65_535, rows: 1 });
  expect(sent).toEqual([{ type: REQUEST.resize, id: 9, payload: Buffer.of(0xff, 0xff, 1, 0) }]);
  execution.acceptMessage(REPLY.exited, exited());
  execution.resize({ columns: 80, rows: 24 });
  expect(sent).toHaveLength(1);
});

it.each([
  { columns: 0, rows: 24 },
  { columns: 80, rows: 65_536 },
  { columns: 80, rows: -1 },
  { columns: 80.5, rows: 24 },
  { columns: Number.NaN, rows: 24 },
])('refuses a terminal of the size %j', (size) => {
  const { execution, sent } = createExecution(true);
  expect(() => {
    execution.resize(size);
  }).toThrow(rangeError);
  expect(sent).toEqual([]);
});

it('refuses to resize what has no terminal, which the supervisor would take for a broken protocol', () => {
  const { execution, sent } = createExecution();
  expect(() => {
    execution.resize({ columns: 80, rows: 24 });
  }).toThrow(expect.objectContaining({ name: 'TypeError' }));
  expect(sent).toEqual([]);
});

it('has not started where only its end is told', async () => {
  const { execution } = createExecution();
  execution.acceptMessage(REPLY.exited, exited());
  await expect(execution.ended).resolves.toMatchObject({ exitCode: 3 });
  await expect(execution.started).rejects.toMatchObject({ code: 'PARACLE_SUPERVISOR_LOST' });
});

it('is given up where nothing tells its end long after that was due, and its leftovers are ordered to end', async () => {
  jest.useFakeTimers();
  const { execution, sent, isOver } = createExecution();
  execution.expectEnd(1000);
  jest.advanceTimersByTime(30_900);
  expect(isOver()).toBe(false);
  jest.advanceTimersByTime(200);
  expect(isOver()).toBe(true);
  await expect(execution.ended).rejects.toMatchObject({ code: 'PARACLE_SUPERVISOR_TIMEOUT' });
  expect(sent.at(-1)).toMatchObject({ type: REQUEST.cancel, id: 9 });
});

it('waits on while its own reader holds the output up, and for time-outs that no timer of Node can hold', () => {
  jest.useFakeTimers();
  const { execution, isOver } = createExecution();
  execution.acceptOutput('stdout', Buffer.alloc(10));
  execution.expectEnd(1000);
  jest.advanceTimersByTime(500_000);
  expect(isOver()).toBe(false);
  execution.consumed('stdout', 10);
  jest.advanceTimersByTime(31_000);
  expect(isOver()).toBe(true);

  const patient = createExecution();
  patient.execution.expectEnd(4_000_000_000);
  jest.advanceTimersByTime(3_999_999_000);
  expect(patient.isOver()).toBe(false);
});
