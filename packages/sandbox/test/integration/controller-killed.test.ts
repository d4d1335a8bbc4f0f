import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import { Engine, prune } from '@paracle/core';
import { buildPackage, createRandom, scaled, waitUntil } from '@paracle/test-support';
import { SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';

const WORK_UNTIL_KILLED = fileURLToPath(new URL('support/work-until-killed.mjs', import.meta.url));

/** Two or three rounds of making, working and destroying. */
const LONGEST_MS = 2000;

beforeAll(() => buildPackage('sandbox'));

/** Starts a controller, kills it after a while, and returns its process id. */
async function killAfter(ms: number): Promise<number> {
  const child = spawn(process.execPath, [WORK_UNTIL_KILLED], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  await delay(ms);
  child.kill('SIGKILL');
  expect(await exited).toEqual([null, 'SIGKILL']);
  if (child.pid === undefined) throw new Error('The controller did not start');
  return child.pid;
}

it('leaves nothing behind wherever a controller is killed, once the next has swept', async () => {
  await using engine = new Engine();
  const random = createRandom(2);
  const killed: number[] = [];
  let found = 0;
  for (let run = 0; run < scaled(50); run++) {
    const pid = await killAfter(random() * LONGEST_MS);
    killed.push(pid);
    found += (await listLeftBehind(engine, pid)).length;
    // The engine may still be at work for the dead one; what it makes then is swept by the start after that.
    await waitUntil('nothing of the killed controller is left', async () => {
      await prune(engine).catch(() => undefined);
      return (await listLeftBehind(engine, pid)).length === 0 || undefined;
    });
  }
  expect(found).toBeGreaterThan(0);
  for (const pid of killed) expect(await listLeftBehind(engine, pid)).toEqual([]);
}, 900_000);

it('ends every process of a sandbox with the controller that owned it, before anybody sweeps', async () => {
  await using engine = new Engine();
  const pid = await killAfter(LONGEST_MS);
  const stillRunning = await waitUntil('no container of it runs', async () => {
    const running = await engine.containers.list();
    const left = await listLeftBehind(engine, pid);
    const own = running.filter(({ names }) => names.some((name) => left.includes(name)));
    return own.length === 0 ? own : undefined;
  });
  expect(stillRunning).toEqual([]);
  await prune(engine);
});

it('sweeps at the first creation of the next controller, and leaves alone what a living one owns', async () => {
  await using engine = new Engine();
  await using living = new SandboxManager({ engine });
  await using sandbox = await living.create();
  const pid = await waitUntil('a killed controller left something', async () => {
    const killed = await killAfter(LONGEST_MS);
    return (await listLeftBehind(engine, killed)).length > 0 ? killed : undefined;
  });
  await using next = new SandboxManager({ engine });
  await using _made = await next.create();
  await waitUntil('the sweep is done', async () => (await listLeftBehind(engine, pid)).length === 0 || undefined);
  await expect(sandbox.execute(['true'])).resolves.toMatchObject({ exitCode: 0 });
});
