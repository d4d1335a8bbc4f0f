import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import { Engine, prune } from '@paracle/core';
import { buildPackage, scaled, waitUntil } from '@paracle/test-support';
import { NetworkIsolator } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';

const MAKE_NETWORKS = fileURLToPath(new URL('support/make-networks.mjs', import.meta.url));
const CONTROLLERS = 4;
const NETWORKS_EACH = Math.max(2, scaled(25));

beforeAll(() => buildPackage('isolation'));

/** A controller of its own that has made its networks, and does nothing until it is killed. */
class Controller implements AsyncDisposable {
  readonly pid: number;
  readonly subnets: readonly string[];
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, pid: number, subnets: readonly string[]) {
    this.#process = process;
    this.pid = pid;
    this.subnets = subnets;
  }

  static async start(count: number): Promise<Controller> {
    const child = spawn(process.execPath, [MAKE_NETWORKS, String(count)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit').then(() => undefined);
    const line = await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
    if (line === undefined || child.pid === undefined) throw new Error('The controller made no networks');
    return new Controller(child, child.pid, toTexts(JSON.parse(String(line[0]))));
  }

  async kill(): Promise<void> {
    if (this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await using engine = new Engine();
    await prune(engine).catch(() => undefined);
  }
}

function toTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** All of the same size, so that two overlap only where they are the same. */
async function startControllers(): Promise<readonly Controller[]> {
  return Promise.all(Array.from({ length: CONTROLLERS }, async () => Controller.start(NETWORKS_EACH)));
}

async function listLeftOf(engine: Engine, controllers: readonly Controller[]): Promise<readonly string[]> {
  return (await Promise.all(controllers.map(async ({ pid }) => listLeftBehind(engine, pid)))).flat();
}

/** A sweep of somebody else's at the same time may take what this one is about to, so it is done until all is gone. */
async function expectNothingLeft(engine: Engine, controllers: readonly Controller[]): Promise<void> {
  await waitUntil('nothing of theirs is left', async () => {
    return (await listLeftOf(engine, controllers)).length === 0 || undefined;
  });
}

it('gives controllers that make networks at once subnets of their own, and removes all of the killed ones’', async () => {
  await using engine = new Engine();
  const controllers = await startControllers();
  try {
    const subnets = controllers.flatMap((controller) => controller.subnets);
    expect(subnets).toHaveLength(CONTROLLERS * NETWORKS_EACH);
    expect(subnets.filter((subnet) => !subnet.endsWith('/28'))).toEqual([]);
    expect(new Set(subnets).size).toBe(subnets.length);
    expect(await listLeftOf(engine, controllers)).toHaveLength(subnets.length);
    await Promise.all(controllers.map(async (controller) => controller.kill()));

    await using next = new NetworkIsolator({ engine });
    const network = await next.createNetwork();

    await expectNothingLeft(engine, controllers);
    await expect(next.getNetworkInfo(network.id)).resolves.toMatchObject({ isOwn: true });
  } finally {
    for (const controller of controllers) await controller[Symbol.asyncDispose]();
  }
}, 600_000);
