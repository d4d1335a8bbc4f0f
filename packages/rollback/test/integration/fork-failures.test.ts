import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { waitUntil } from '@paracle/test-support';
import { RollbackManager } from '../../src/index.js';
import { type ArchiveFaults, createArchiveRelay } from './support/archive-relay.js';

interface Created {
  readonly signal: AbortSignal;
}

const engine = new Engine();
const manager = new SandboxManager({ engine });
const rollback = new RollbackManager({ engine });
const create = async (options: Created): Promise<Sandbox> => manager.create({}, options);
let origin: Sandbox;
let snapshotId = '';

beforeAll(async () => {
  origin = await manager.create();
  await origin.execute(['sh', '-c', 'head -c 1000000 /dev/urandom > random'], { check: true });
  snapshotId = await rollback.createSnapshot(origin);
});

afterEach(() => {
  const { activeCount, waitingCount } = manager.getStats();
  if (activeCount !== 1 || waitingCount !== 0) throw new Error(`${activeCount} are there, ${waitingCount} wait`);
});

afterAll(async () => {
  await manager.close();
  await engine.close();
});

async function withFaults(
  faults: ArchiveFaults & { readonly requestTimeoutMs?: number },
  work: (rollback: RollbackManager) => Promise<void>,
): Promise<void> {
  const { requestTimeoutMs = 30_000, ...relayed } = faults;
  await using relay = await createArchiveRelay(engine, relayed);
  const slow = new Engine({ endpoint: relay.endpoint, requestTimeoutMs });
  try {
    await work(new RollbackManager({ engine: slow }));
  } finally {
    await slow.close();
  }
}

it.each([
  ['heeds its signal', (small: SandboxManager, options: Created) => small.create({}, options)],
  ['does not heed its signal', (small: SandboxManager) => small.create()],
])('gives up for lack of room where `create` %s', async (_what, createIn) => {
  await using small = new SandboxManager({ engine, maxConcurrent: 2 });
  const source = await small.create();
  const id = await rollback.createSnapshot(source);
  const options = { create: async (given: Created) => createIn(small, given), count: 2, timeoutMs: 5000 };
  await expect(rollback.fork(id, source, options)).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_FORK_FAILED',
    details: { count: 2, timeoutMs: 5000 },
  });
  expect(small.getStats()).toMatchObject({ activeCount: 1, waitingCount: 0 });
});

it('tells at once of one that could not be made while others wait', async () => {
  await using small = new SandboxManager({ engine, maxConcurrent: 2 });
  const source = await small.create();
  const id = await rollback.createSnapshot(source);
  const no = new Error('no');
  const createOrFail = async (options: Created): Promise<Sandbox> => {
    if (small.getStats().waitingCount === 1) throw no;
    return small.create({}, options);
  };
  await expect(rollback.fork(id, source, { create: createOrFail, count: 3 })).rejects.toBe(no);
  expect(small.getStats()).toMatchObject({ activeCount: 1, waitingCount: 0 });
});

it('ends the making when the caller’s signal fires, with its reason', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const createAndStop = async (options: Created): Promise<Sandbox> => {
    setImmediate(() => stop.abort(reason));
    return create(options);
  };
  const forking = rollback.fork(snapshotId, origin, { create: createAndStop, count: 2, signal: stop.signal });
  await expect(forking).rejects.toBe(reason);
});

it('refuses the origin as a fork, and leaves it alone', async () => {
  let asked = 0;
  const createOrOrigin = async (options: Created): Promise<Sandbox> => (asked++ === 0 ? create(options) : origin);
  await expect(rollback.fork(snapshotId, origin, { create: createOrOrigin, count: 3 })).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_FORK_MISMATCH',
    details: { containerId: origin.container.id },
  });
  await origin.execute(['true'], { check: true });
});

it('refuses a sandbox that comes twice, and destroys it once', async () => {
  const only = create({ signal: new AbortController().signal });
  let destroyedCount = 0;
  const createSame = async (): Promise<Pick<Sandbox, 'container' | 'destroy'>> => {
    const { container } = await only;
    const destroy = async (): Promise<void> => {
      destroyedCount++;
      await (await only).destroy();
    };
    return { container, destroy };
  };
  await expect(rollback.fork(snapshotId, origin, { create: createSame, count: 2 })).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_FORK_MISMATCH',
  });
  expect(destroyedCount).toBe(1);
});

it('gives a copy the time of the caller, not that of a request', async () => {
  const beforePut = async (): Promise<void> => delay(4000);
  await withFaults({ beforePut, requestTimeoutMs: 2000 }, async (slow) => {
    const [fork] = await slow.fork(snapshotId, origin, { create, timeoutMs: 60_000 });
    await fork?.destroy();
    await expect(slow.fork(snapshotId, origin, { create, timeoutMs: 3000 })).rejects.toMatchObject({
      code: 'PARACLE_ENGINE_TIMEOUT',
    });
  });
});

it('gives a copy up when the signal fires', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  let abortedAt = 0;
  const beforePut = async (): Promise<void> => {
    abortedAt = Date.now();
    stop.abort(reason);
    await new Promise(() => undefined);
  };
  const forks: Sandbox[] = [];
  const givenUp: number[] = [];
  const createWatched = async (options: Created): Promise<Pick<Sandbox, 'container' | 'destroy'>> => {
    const fork = await create(options);
    forks.push(fork);
    const destroy = async (): Promise<void> => {
      givenUp.push(Date.now() - abortedAt);
      await fork.destroy();
    };
    return { container: fork.container, destroy };
  };
  await withFaults({ beforePut }, async (slow) => {
    const forking = slow.fork(snapshotId, origin, { create: createWatched, signal: stop.signal });
    await expect(forking).rejects.toBe(reason);
  });
  expect(forks).toHaveLength(1);
  expect(givenUp).toEqual([expect.any(Number)]);
  expect(givenUp[0]).toBeLessThan(1000);
});

it('tells of an archive that breaks off', async () => {
  await withFaults({ maxBytes: 1500 }, async (cut) => {
    await expect(cut.fork(snapshotId, origin, { create })).rejects.toMatchObject({
      name: 'RollbackError',
      code: 'PARACLE_ROLLBACK_FORK_FAILED',
      cause: { message: 'Unexpected end of data' },
    });
  });
});

it('tells of what it could not remove, and why it failed', async () => {
  const no = new Error('no');
  const stuck = new Error('stuck');
  const made: Sandbox[] = [];
  const createStuck = async (options: Created): Promise<Pick<Sandbox, 'container' | 'destroy'>> => {
    if (made.length > 0) throw no;
    const fork = await create(options);
    made.push(fork);
    return { container: fork.container, destroy: async () => Promise.reject(stuck) };
  };
  const createInTurn = async (options: Created): Promise<Pick<Sandbox, 'container' | 'destroy'>> => {
    asked++;
    if (asked === 2) await waitUntil('one was made', () => made.length > 0);
    return createStuck(options);
  };
  let asked = 0;
  await expect(rollback.fork(snapshotId, origin, { create: createInTurn, count: 2 })).rejects.toMatchObject({
    code: 'PARACLE_ROLLBACK_FORK_FAILED',
    cause: { name: 'AggregateError', errors: [no, stuck] },
  });
  await made[0]?.destroy();
});

it('copies to a few at once, whatever their number', async () => {
  const counts = { now: 0, most: 0 };
  const beforePut = async (): Promise<void> => {
    counts.most = Math.max(counts.most, ++counts.now);
    await delay(500);
  };
  const afterPut = (): void => {
    counts.now--;
  };
  await withFaults({ beforePut, afterPut }, async (watched) => {
    const forks = await watched.fork(snapshotId, origin, { create, count: 6 });
    await Promise.all(forks.map(async (fork) => fork.destroy()));
  });
  expect(counts).toEqual({ now: 0, most: 4 });
});
