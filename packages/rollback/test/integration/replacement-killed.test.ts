import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Engine, prune } from '@paracle/core';
import { buildPackage } from '@paracle/test-support';
import { replacementSteps } from '../../src/replacement/replacement-steps.js';
import { createNetwork, ForeignContainer, snapshotsOf } from './support/foreign-container.js';

const REPLACE_UNTIL_KILLED = fileURLToPath(new URL('support/replace-until-killed.mjs', import.meta.url));

jest.setTimeout(600_000);

const engine = new Engine();
const snapshots = snapshotsOf(engine);
const killedAt = new Set<string>();

beforeAll(() => {
  buildPackage('isolation');
  buildPackage('rollback');
});

afterAll(() => engine.close());

interface ChildOptions {
  readonly container: string;
  readonly snapshotId?: string;
  /** Number of the step before which it is killed; absent: it runs to its end. */
  readonly stopAt?: number;
  readonly isRecovery?: boolean;
  readonly isIsolated?: boolean;
}

/** The steps of a process that rolls back, and how it ended. */
async function runChild(options: ChildOptions): Promise<{ readonly steps: readonly string[]; readonly end: string }> {
  const child = spawn(process.execPath, [REPLACE_UNTIL_KILLED, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (output.endsWith('stopped\n')) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const lines = output.trimEnd().split('\n');
  const end = lines.pop() ?? '';
  if (end === 'stopped') killedAt.add(lines.at(-1) ?? '');
  return { steps: lines, end };
}

function addressesOf(networkSettings: unknown): Record<string, string> {
  const { Networks } = networkSettings as { readonly Networks: Record<string, { readonly IPAddress: string }> };
  return Object.fromEntries(Object.entries(Networks).map(([name, { IPAddress }]) => [name, IPAddress]));
}

it('is finished by recover() wherever a process that rolls back is killed', async () => {
  await using fixed = await createNetwork(engine, '198.18.203.0/24');
  await using chosen = await createNetwork(engine, '198.18.204.0/24');
  const endpoint = { IPAMConfig: { IPv4Address: '198.18.203.9' } };
  await using container = await ForeignContainer.create(engine, {
    Volumes: { '/data': {} },
    StopTimeout: 0,
    HostConfig: { NetworkMode: fixed.name },
    NetworkingConfig: { EndpointsConfig: { [fixed.name]: endpoint } },
  });
  await engine.networks.connect(chosen.name, container.name);
  await engine.containers.start(container.name);
  const addresses = addressesOf((await container.inspect()).networkSettings);
  await container.run('echo kept > /data/file');

  const crash = async (stopAt?: number): Promise<{ readonly steps: readonly string[]; readonly end: string }> => {
    await container.run('echo old > /state');
    const snapshotId = await snapshots.createSnapshot(container.name);
    await container.run('echo new > /state');
    const ran = await runChild({ container: container.name, snapshotId, ...(stopAt !== undefined && { stopAt }) });
    await snapshots.recover();
    const found = {
      traces: await container.traces(),
      addresses: addressesOf((await container.inspect()).networkSettings),
      data: await container.run('cat /data/file'),
      isWhole: (await snapshots.list(container.name)).some(({ id }) => id === snapshotId),
    };
    expect({ ...found, steps: ran.steps }).toEqual({
      traces: [`${container.name} running`],
      addresses,
      data: 'kept',
      isWhole: true,
      steps: ran.steps,
    });
    expect(await snapshots.recover()).toEqual([]);
    return ran;
  };

  const { steps, end } = await crash();
  expect(end).toBe('ended');
  for (let stopAt = 0; stopAt < steps.length; stopAt++) {
    expect(await crash(stopAt)).toEqual({ steps: steps.slice(0, stopAt + 1), end: 'stopped' });
    const isCompleted = stopAt > steps.indexOf('set_aside');
    expect([steps[stopAt], await container.run('cat /state')]).toEqual([steps[stopAt], isCompleted ? 'old' : 'new']);
  }
});

it('is finished by the next recover() wherever one that recovers is killed', async () => {
  await using container = await ForeignContainer.start(engine);
  const stopAt = replacementSteps.indexOf('stop') - 1;
  const crashTwice = async (secondStop?: number): Promise<readonly string[]> => {
    await container.run('echo old > /state');
    const snapshotId = await snapshots.createSnapshot(container.name);
    await container.run('echo new > /state');
    expect((await runChild({ container: container.name, snapshotId, stopAt })).end).toBe('stopped');
    const recovery = { container: container.name, isRecovery: true };
    const ran = await runChild({ ...recovery, ...(secondStop !== undefined && { stopAt: secondStop }) });
    await snapshots.recover();
    expect([...(await container.traces()), await container.run('cat /state')]).toEqual([
      `${container.name} running`,
      'old',
    ]);
    return ran.steps;
  };
  const steps = await crashTwice();
  expect(steps.length).toBeGreaterThan(4);
  for (let secondStop = 0; secondStop < steps.length; secondStop++) await crashTwice(secondStop);
});

it('is put back wherever a process is killed whose new container does not start', async () => {
  const crash = async (stopAt?: number): Promise<{ readonly steps: readonly string[]; readonly end: string }> => {
    await using container = await ForeignContainer.start(engine, {
      Cmd: ['/usr/local/bin/python3', '-c', 'import time; time.sleep(1000000)'],
    });
    await container.run('mv /usr/local/bin/python3 /kept; echo old > /state');
    const snapshotId = await snapshots.createSnapshot(container.name);
    await container.run('mv /kept /usr/local/bin/python3; echo new > /state');
    const ran = await runChild({ container: container.name, snapshotId, ...(stopAt !== undefined && { stopAt }) });
    await snapshots.recover();
    expect([...(await container.traces()), await container.run('cat /state')]).toEqual([
      `${container.name} running`,
      'new',
    ]);
    return ran;
  };
  const { steps, end } = await crash();
  expect(end).toBe('PARACLE_ROLLBACK_REPLACEMENT_FAILED');
  for (let stopAt = steps.indexOf('start'); stopAt < steps.length; stopAt++) {
    expect((await crash(stopAt)).end).toBe('stopped');
  }
});

it('comes back without the network of ours whose process was killed before it was attached', async () => {
  await using container = await ForeignContainer.start(engine, {
    HostConfig: { NetworkMode: 'none', CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
  });
  const whole = await runChild({ container: container.name, isIsolated: true, stopAt: -1 });
  const stopAt = whole.steps.indexOf('attach');
  await prune(engine);
  await using other = await ForeignContainer.start(engine, {
    HostConfig: { NetworkMode: 'none', CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
  });
  await runChild({ container: other.name, isIsolated: true, stopAt });
  await snapshots.recover();
  await prune(engine);

  expect(await other.traces()).toEqual([`${other.name} running`]);
  expect(Object.keys(addressesOf((await other.inspect()).networkSettings))).toEqual(['none']);
});

it.each(replacementSteps)('was killed at the step %s', (step) => {
  expect([...killedAt]).toContain(step);
});
