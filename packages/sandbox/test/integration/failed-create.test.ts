import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { Engine, ownerLabels } from '@paracle/core';
import { scaled, waitUntil } from '@paracle/test-support';
import { SandboxManager } from '../../src/index.js';
import { Sandbox } from '../../src/lifecycle/sandbox.js';
import { listLeftBehind } from './support/left-behind.js';

const BINARY_DIRECTORY = '/.paracle/bin';

/** Longest that a creation takes here, to abort at moments all over it. */
async function measureCreate(manager: SandboxManager): Promise<number> {
  const start = performance.now();
  await using _sandbox = await manager.create();
  return performance.now() - start;
}

it('leaves nothing behind wherever a creation is aborted', async () => {
  await using manager = new SandboxManager();
  const wholeMs = await measureCreate(manager);
  const runs = scaled(50);
  const outcomes = { created: 0, aborted: 0 };
  for (let run = 0; run < runs; run++) {
    const stop = new AbortController();
    const reason = new Error('no longer wanted');
    const creating = manager.create({}, { signal: stop.signal });
    creating.catch(() => undefined);
    await delay((wholeMs * run) / runs);
    stop.abort(reason);
    const outcome: unknown = await creating.catch((error: unknown) => error);
    expect(outcome === reason || outcome instanceof Sandbox).toBe(true);
    outcomes[outcome === reason ? 'aborted' : 'created']++;
    if (outcome instanceof Sandbox) await outcome.destroy();
  }
  expect(outcomes.aborted).toBeGreaterThan(0);
  expect(manager.getStats()).toMatchObject({ activeCount: 0, waitingCount: 0 });
  expect(await listLeftBehind(manager.engine)).toEqual([]);
});

it('leaves nothing behind wherever the manager is closed while it makes sandboxes', async () => {
  await using engine = new Engine();
  const wholeMs = await measureCreate(new SandboxManager({ engine }));
  const runs = scaled(10);
  for (let run = 0; run < runs; run++) {
    const manager = new SandboxManager({ engine });
    const creations = [manager.create(), manager.create()].map(async (creation) =>
      creation.then(
        () => 'created',
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    await delay((2 * wholeMs * run) / runs);
    await manager.close();
    for (const outcome of await Promise.all(creations))
      expect(['created', 'PARACLE_SANDBOX_MANAGER_CLOSED']).toContain(outcome);
    expect(await listLeftBehind(engine)).toEqual([]);
  }
});

/** What anybody who may use the engine can do: `program` takes the supervisor's place, or nothing does. */
async function changeSupervisorVolume(engine: Engine, program: string): Promise<void> {
  await using owner = new SandboxManager({ engine });
  await using sandbox = await owner.create();
  const { mounts } = await engine.containers.inspect(sandbox.container.id);
  const volume = mounts.find(({ destination }) => destination === BINARY_DIRECTORY)?.name ?? '';
  const script = 'rm supervisor; if [ -n "$0" ]; then printf %s "$0" > supervisor && chmod 755 supervisor; fi';
  const { id } = await engine.containers.create({
    body: {
      Image: 'python:3.11-slim',
      Cmd: ['sh', '-c', script, program],
      WorkingDir: BINARY_DIRECTORY,
      Labels: ownerLabels({ purpose: 'supervisor-install' }),
      HostConfig: { NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: volume, Target: BINARY_DIRECTORY }] },
    },
  });
  await engine.containers.start(id);
  expect(await engine.containers.wait(id)).toEqual({ exitCode: 0 });
  await engine.containers.remove(id, { force: true, volumes: true });
}

it.each([
  { title: 'is empty', program: '' },
  { title: 'holds no program', program: 'not a program' },
  { title: 'holds a program that ends at once', program: '#!/bin/sh\nexit 3\n' },
  {
    title: 'holds a program that says something else',
    program: '#!/bin/sh\necho These are no frames of ours; sleep 900\n',
  },
])('makes the supervisor volume anew where it $title', async ({ program }) => {
  await using engine = new Engine();
  await changeSupervisorVolume(engine, program);
  await using manager = new SandboxManager({ engine });
  await using sandbox = await manager.create();
  await expect(sandbox.execute(['true'])).resolves.toMatchObject({ exitCode: 0 });
  await sandbox.destroy();
  expect(await listLeftBehind(engine)).toEqual([]);
});

it('does not fail one creation because another, which it shared the first steps with, was aborted', async () => {
  for (let run = 0; run < scaled(10); run++) {
    await using engine = new Engine();
    await using manager = new SandboxManager({ engine });
    const stop = new AbortController();
    const aborted = manager.create({}, { signal: stop.signal });
    const wanted = manager.create();
    await delay(run * 2);
    stop.abort();
    await aborted.catch(() => undefined);
    await expect(wanted).resolves.toMatchObject({ id: expect.stringMatching(/^sbx_/u) });
  }
});

it('lets those who wait in, in order, and only as many as there are places', async () => {
  await using manager = new SandboxManager({ maxConcurrent: 2 });
  const order: number[] = [];
  let most = 0;
  const work = async (number: number): Promise<void> => {
    await using sandbox = await manager.create();
    order.push(number);
    most = Math.max(most, manager.getStats().activeCount);
    await sandbox.execute(['true']);
  };
  await Promise.all([0, 1, 2, 3, 4, 5].map(work));
  expect(most).toBeLessThanOrEqual(2);
  // Two are made side by side, so neighbours may change places.
  for (const [place, number] of order.entries()) expect(Math.abs(place - number)).toBeLessThanOrEqual(1);
});

it('forgets at once who is aborted while waiting, and starts the next', async () => {
  await using manager = new SandboxManager({ maxConcurrent: 1 });
  const first = await manager.create();
  const stop = new AbortController();
  const second = manager.create({}, { signal: stop.signal });
  second.catch(() => undefined);
  const third = manager.create();
  await waitUntil('both wait', () => manager.getStats().waitingCount === 2 || undefined);
  stop.abort(new Error('too long'));
  await expect(second).rejects.toThrow('too long');
  expect(manager.getStats()).toMatchObject({ waitingCount: 1, activeCount: 1 });
  await first.destroy();
  await expect(third).resolves.toMatchObject({ id: expect.any(String) });
});

it('keeps a place taken for as long as the sandbox lives, whatever becomes of the signal it was made with', async () => {
  await using manager = new SandboxManager({ maxConcurrent: 1 });
  const stop = new AbortController();
  const first = await manager.create({}, { signal: stop.signal });
  stop.abort();
  const second = manager.create();
  await expect(first.execute(['true'])).resolves.toMatchObject({ exitCode: 0 });
  await expect(Promise.race([second.then(() => 'created'), delay(1500, 'waits')])).resolves.toBe('waits');
  await first.destroy();
  await expect(second).resolves.toMatchObject({ id: expect.any(String) });
});
