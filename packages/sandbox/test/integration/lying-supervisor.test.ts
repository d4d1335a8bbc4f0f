import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Engine, FileService, ownerLabels } from '@paracle/core';
import { installLyingSupervisor, type LyingSupervisor } from '@paracle/test-support';
import { type Sandbox, SandboxManager, SandboxMonitor } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';

const engine = new Engine();
const manager = new SandboxManager({ engine, maxConcurrent: 100 });
let liar: LyingSupervisor;
/** Whatever the others do, it is left alone. */
let bystander: Sandbox;

beforeAll(async () => {
  liar = await installLyingSupervisor(engine, ownerLabels);
  bystander = await create();
});

afterAll(async () => {
  await manager.close();
  await liar[Symbol.asyncDispose]();
  const left = await listLeftBehind(engine);
  await engine.close();
  if (left.length > 0) throw new Error(`Left behind: ${left.join(', ')}`);
});

/** What ends a sandbox's connection, as a broken protocol. */
const broken = (reason: string | RegExp): unknown =>
  expect.objectContaining({
    code: 'PARACLE_SUPERVISOR_LOST',
    message: expect.stringMatching(new RegExp(`it broke the protocol \\(${new RegExp(reason).source}`, 'u')),
  });

async function create(): Promise<Sandbox> {
  return manager.create({ timeoutSeconds: 60 });
}

it('gets a sandbox made, for it greets as the real one and claims what is asked for', async () => {
  await using sandbox = await create();
  await expect(sandbox.execute(['true'])).resolves.toMatchObject({ exitCode: 0, cause: 'exited' });
  await sandbox.files.write('a', 'b');
  await expect(sandbox.files.read('a')).resolves.toEqual(Buffer.from('b'));
  await expect(sandbox.verify()).resolves.toEqual(sandbox.guarantees);
});

it.each([
  ['too-long', /a frame of 65537 bytes/u],
  ['four-gibibytes', /a frame of 4294967295 bytes/u],
  ['long-message', /a frame of 4097 bytes/u],
  ['unknown-type', /bytes that are no frame/u],
  ['code-and-signal', /an end by exit and by a signal/u],
  ['signal-0', /signal 0/u],
  ['signal-200', /signal 200/u],
  ['cause-9', /unknown cause of an end/u],
  ['endless-duration', /a size of 9223372036854775808/u],
  ['short-report', /a payload that ends 1 bytes too soon/u],
  ['second-welcome', /a greeting that is not ours/u],
  ['welcome-of-another', /a greeting that is not ours/u],
])('ends the connection, and with it the execution as lost: %s', async (lie, reason) => {
  await using sandbox = await create();
  const failure: unknown = await sandbox.execute([lie]).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'PARACLE_SANDBOX_LOST', result: { cause: 'lost' }, cause: broken(reason) });
  await expect(sandbox.ended).resolves.toEqual(broken(reason));
  await expect(sandbox.execute(['true'])).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_LOST' });
  await expect(bystander.execute(['true'])).resolves.toMatchObject({ exitCode: 0 });
});

it('drops what belongs to no execution, to one that has ended, or comes twice', async () => {
  await using sandbox = await create();
  await using third = await create();
  const other = sandbox.start(['silence']);
  const foreign = third.start(['silence']);
  await expect(sandbox.execute(['strangers'])).resolves.toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  // Of its own executions it may claim anything; another sandbox's with the same number is not concerned.
  await expect(other.result).resolves.toMatchObject({ exitCode: 0 });
  await expect(sandbox.execute(['true'])).resolves.toMatchObject({ exitCode: 0 });
  await third.destroy();
  await expect(foreign.result).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_LOST' });
});

it.each(['counters-fall', 'counters-absent'])(
  'takes no limit for reached by numbers that can not be: %s',
  async (lie) => {
    await using sandbox = await create();
    await expect(sandbox.execute([lie])).resolves.toMatchObject({ exitCode: 1, cause: 'exited', limitsHit: [] });
  },
);

it('puts frames together that come byte by byte', async () => {
  await using sandbox = await create();
  await expect(sandbox.execute(['slow'])).resolves.toMatchObject({ exitCode: 0, stdout: 'slow' });
  const service = FileService.open(await engine.supervisors.connect(sandbox.container.id), 'root');
  await expect(service.read('/lie/byte-by-byte', 100_000)).resolves.toEqual(Buffer.alloc(100_000, 'x'));
  await service.close();
});

it('ends the connection where more output comes than was granted', async () => {
  await using sandbox = await create();
  const execution = sandbox.start(['more-than-granted']);
  await expect(execution.result).rejects.toMatchObject({ cause: broken('more output than was granted') });
});

it.each([
  ['protocol-error', 'it refused what it was sent'],
  ['die', 'its stream ended'],
])('lets no text of a sandbox steer a terminal or forge a line: %s', async (lie, reason) => {
  await using sandbox = await create();
  const failure: unknown = await sandbox.execute([lie]).catch((error: unknown) => error);
  const texts = [failure, await sandbox.ended].map((error) => (error as Error).message);
  for (const text of texts) {
    expect(text).toContain(reason);
    expect(text).toContain('\\n2026-01-01 INFO approved by alice\\r');
    // eslint-disable-next-line no-control-regex -- they are what must not be there
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/u);
  }
});

describe('silence', () => {
  it('ends by this process’s own clock: executions that time out or are aborted', async () => {
    const timedOut = await create();
    const aborted = await create();
    const cut = await create();
    const stop = new AbortController();
    const executions = [
      timedOut.execute(['silence'], { timeoutSeconds: 0.5, killGraceMs: 100 }),
      aborted.execute(['silence'], { signal: stop.signal, killGraceMs: 0 }),
      cut.execute(['half-a-frame'], { timeoutSeconds: 0.5, killGraceMs: 100 }),
    ];
    const outcomes = Promise.allSettled(executions);
    stop.abort();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'PARACLE_SANDBOX_LOST', cause: { code: 'PARACLE_SUPERVISOR_TIMEOUT' } },
      });
    }
    // The sandbox itself may only be slow.
    await expect(timedOut.execute(['true'])).resolves.toMatchObject({ exitCode: 0 });
    for (const sandbox of [timedOut, aborted, cut]) await sandbox.destroy();
  });

  it('ends files calls, counters and verify within their limits, and destroy at once', async () => {
    await using sandbox = await create();
    const timeout = expect.objectContaining({ code: 'PARACLE_SUPERVISOR_TIMEOUT' });
    const limits = { timeoutMs: 300 };
    await expect(sandbox.files.read('/lie/silence', limits)).rejects.toEqual(timeout);
    await expect(sandbox.files.list('/lie/silence', limits)).rejects.toEqual(timeout);
    await expect(sandbox.files.write('/lie/silence', 'x', limits)).rejects.toEqual(timeout);
    await expect(sandbox.files.remove('/lie/silence', limits)).rejects.toEqual(timeout);
    const enough = new Error('enough');
    await expect(sandbox.files.list('/lie/silence', { signal: AbortSignal.abort(enough) })).rejects.toBe(enough);
    await sandbox.execute(['remember', 'probe-silence']);
    await expect(sandbox.verify(limits)).rejects.toThrow(/timeout/iu);
    await sandbox.execute(['remember', 'calls-silence']);
    await expect(sandbox.getStats(limits)).rejects.toEqual(timeout);
    await expect(sandbox.getStats({ signal: AbortSignal.abort(enough) })).rejects.toBe(enough);
    await expect(sandbox.verify(limits)).rejects.toThrow(/timeout/iu);
    await using monitor = new SandboxMonitor(sandbox, { intervalSeconds: 0.05 });
    await monitor.close();
    expect(monitor.samples).toEqual([]);
    const connection = await engine.supervisors.connect(sandbox.container.id);
    await expect(Promise.all([connection.whileFrozen(async () => 'frozen'), connection.ping()])).rejects.toEqual(
      timeout,
    );
  });

  it('does not wait for a file service to end that has answered all', async () => {
    await using sandbox = await create();
    await sandbox.execute(['remember', 'files-never-end']);
    await expect(sandbox.files.list('.', { timeoutMs: 1000 })).resolves.toHaveLength(1);
  });
});

describe('files', () => {
  it.each([
    ['parent', /an entry that is not below/u],
    ['elsewhere', /an entry that is not below/u],
    ['beside', /an entry that is not below/u],
    ['relative', /an entry that is not below/u],
    ['empty-name', /an entry that is not below/u],
    ['dot', /an entry that is not below/u],
    ['nul', /a path that no file system has/u],
    ['nul-in-target', /a path that no file system has/u],
    ['long-name', /a path that no file system has/u],
    ['size-2-63', /a size that is out of range/u],
    ['cut', /a payload that ends/u],
    ['wrong-type', /an answer of type 3 where 4/u],
    ['unknown-type', /an answer of type 99/u],
    ['huge-answer', /an answer of 4294967295 bytes/u],
    ['no-length', /an answer of 0 bytes/u],
    ['short-error', /a payload that ends/u],
  ])('lists nothing that can not be: %s', async (lie, reason) => {
    await using sandbox = await create();
    await expect(sandbox.files.list(`/lie/${lie}`)).rejects.toEqual(broken(reason));
    await expect(sandbox.ended).resolves.toEqual(broken(reason));
  });

  it('ends the connection where more answers come than there were requests', async () => {
    await using sandbox = await create();
    await sandbox.files.list('/lie/unasked').catch(() => undefined);
    await expect(sandbox.ended).resolves.toEqual(broken('an answer to nothing'));
  });

  it('takes entries that contradict each other as what they are: claims about that sandbox', async () => {
    await using sandbox = await create();
    expect((await sandbox.files.list('/lie/twice')).map(({ type }) => type)).toEqual(['directory', 'file', 'file']);
  });

  it.each([
    ['wrong-type', 'read', /an answer of type 4 where 3/u],
    ['short-digest', 'hash', /a payload that ends 31 bytes/u],
    ['wrong-type', 'stat', /an answer of type 3 where 4/u],
    ['short-digest', 'makeDirectory', /an answer of type 3 where none/u],
  ] as const)('takes no answer for another: %s to %s', async (lie, operation, reason) => {
    await using sandbox = await create();
    const connection = await engine.supervisors.connect(sandbox.container.id);
    await using service = FileService.open(connection, 'root');
    const calls = {
      read: async () => service.read(`/lie/${lie}`, 100),
      hash: async () => service.hash(`/lie/${lie}`),
      stat: async () => service.stat(`/lie/${lie}`),
      makeDirectory: async () => service.makeDirectory(`/lie/${lie}`, {}),
    };
    await expect(calls[operation]()).rejects.toEqual(broken(reason));
  });

  it.each(['hash', 'save', 'stat'] as const)('takes a bare OK for no %s', async (operation) => {
    await using sandbox = await create();
    const connection = await engine.supervisors.connect(sandbox.container.id);
    await using service = FileService.open(connection, 'root');
    await expect(service[operation]('/lie/nothing')).rejects.toMatchObject({ errno: 'EPROTO' });
  });

  it.each(['endless', 'skipped'])('ends a listing without an end: %s', async (lie) => {
    await using sandbox = await create();
    await expect(sandbox.files.list(`/lie/${lie}`, { maxEntries: 10_000 })).rejects.toMatchObject({
      code: 'PARACLE_SUPERVISOR_FILE_ANSWER_TOO_LARGE',
    });
  });

  it('ends a file without an end', async () => {
    await using sandbox = await create();
    await expect(sandbox.files.read('/lie/endless-file', { maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_FILE_TOO_LARGE',
      details: { maxBytes: 1_000_000 },
    });
    await using other = await create();
    await expect(other.files.list('/lie/empty-pieces', { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'PARACLE_SUPERVISOR_TIMEOUT',
    });
  });
});

describe('counters', () => {
  it.each([
    ['counters-short', 'a payload that ends'],
    ['counters-done', 'an answer of type 136 to another question'],
  ])('ends the connection: %s', async (lie, reason) => {
    await using sandbox = await create();
    await sandbox.execute(['remember', lie]);
    await expect(sandbox.getStats()).rejects.toEqual(broken(reason));
  });

  it('gives samples with finite numbers in order, whatever they say', async () => {
    await using sandbox = await create();
    await sandbox.execute(['remember', 'counters-absurd']);
    const samples = [];
    await using monitor = new SandboxMonitor(sandbox, { intervalSeconds: 0.05 });
    for await (const sample of monitor) {
      samples.push(sample);
      if (samples.length === 12) break;
    }
    const numbers = [...samples, monitor.getAverages(), monitor.getPeaks()].flatMap((sample) => Object.values(sample));
    expect(numbers.every((number) => Number.isFinite(number) && number >= 0)).toBe(true);
    const times = samples.map(({ elapsedMs }) => elapsedMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });
});

describe('the greeting', () => {
  it.each([
    ['hello-nonce', broken('a greeting that is not ours')],
    ['hello-version', broken('a greeting that is not ours')],
    [
      'hello-build',
      expect.objectContaining({ code: 'PARACLE_SUPERVISOR_MISMATCH', message: expect.stringContaining('\\u{1b}[2J') }),
    ],
    ['probe-text', expect.objectContaining({ code: 'PARACLE_SANDBOX_LIMIT_UNENFORCED' })],
  ])('makes no sandbox, and leaves nothing behind: %s', async (lie, failure) => {
    await using ownEngine = new Engine();
    await using _liar = await installLyingSupervisor(ownEngine, ownerLabels, lie);
    await using ownManager = new SandboxManager({ engine: ownEngine });
    await expect(ownManager.create()).rejects.toEqual(failure);
    expect(ownManager.getStats()).toMatchObject({ activeCount: 0, failedCount: 1 });
  });

  it('gives up a sandbox that never greets, when it is told to', async () => {
    await using ownEngine = new Engine();
    await using _liar = await installLyingSupervisor(ownEngine, ownerLabels, 'hello-silence');
    await using ownManager = new SandboxManager({ engine: ownEngine });
    const enough = new Error('enough');
    const stop = new AbortController();
    const creating = ownManager.create({}, { signal: stop.signal });
    setTimeout(() => stop.abort(enough), 2000);
    await expect(creating).rejects.toBe(enough);
  });
});

it('can not change what the guarantees have from the engine', async () => {
  await using sandbox = await manager.create({ memoryMb: 64, cpuCores: 0.5, pidsLimit: 50 });
  const { memory, cpu, swap, network } = sandbox.guarantees;
  expect({ memory, cpu, swap, network }).toMatchObject({
    memory: { enforcement: 'hard', limitBytes: 64 * 1024 * 1024 },
    cpu: { enforcement: 'hard', cores: 0.5 },
    swap: { enforcement: 'hard' },
    network: { enforcement: 'hard', mode: 'none' },
  });
  await sandbox.engine.containers.update(sandbox.container.id, { NanoCpus: 1e9 });
  await expect(sandbox.verify()).rejects.toThrow('NanoCpus');
});
