import { expect, it } from '@jest/globals';
import { waitUntil } from '@paracle/test-support';
import { SandboxManager, SandboxMonitor, type SandboxSample, type ThresholdEvent } from '../../src/index.js';

const MEBIBYTE = 1024 * 1024;
const python = (...lines: readonly string[]): readonly string[] => ['python3', '-Sc', lines.join('\n')];

it('sees memory, processes and CPU time of what runs, and what is only cache is no memory', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ memoryMb: 256 });
  await using monitor = new SandboxMonitor(sandbox, { intervalSeconds: 0.05 });
  await sandbox.execute(['sh', '-c', 'head -c 100M /dev/zero > file']);
  await waitUntil('a sample of the cache alone', () => monitor.samples.at(-1)?.pids === 1 || undefined);
  const cached = monitor.samples.at(-1);
  const busy = sandbox.start(
    python(
      'data = b"x" * 64 * 1048576',
      'import threading, time',
      'end = time.time() + 1',
      'while time.time() < end: pass',
    ),
  );
  busy.skipOutput();
  await busy.result;
  await monitor.close();

  expect((await sandbox.getStats()).memoryBytes).toBeGreaterThan(90 * MEBIBYTE);
  expect(cached?.memoryBytes).toBeLessThan(40 * MEBIBYTE);
  expect(monitor.getPeaks().memoryBytes).toBeGreaterThan(64 * MEBIBYTE);
  expect(monitor.getPeaks().pids).toBeGreaterThanOrEqual(3);
  expect(monitor.getPeaks().cpuPercent).toBeGreaterThan(30);
  expect(monitor.getAverages().cpuPercent).toBeLessThan(monitor.getPeaks().cpuPercent ?? 0);
  const times = monitor.samples.map(({ elapsedMs }) => elapsedMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(new Set(times).size).toBe(times.length);
});

it('tells when a threshold is crossed, once for each way', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  await using monitor = new SandboxMonitor(sandbox, { intervalSeconds: 0.05, thresholds: { pids: 4 } });
  const events: [string, ThresholdEvent][] = [];
  monitor.on('exceeded', (event) => void events.push(['exceeded', event]));
  monitor.on('recovered', (event) => void events.push(['recovered', event]));
  const many = sandbox.start(['sh', '-c', 'sleep 1000 & sleep 1000 & sleep 1000 & sleep 1000 & wait']);
  many.skipOutput();
  await waitUntil('the threshold is exceeded', () => events.length > 0 || undefined);
  many.kill('SIGKILL', { tree: true });
  await many.result;
  await waitUntil('it has recovered', () => events.length > 1 || undefined);

  expect(events.map(([name]) => name)).toEqual(['exceeded', 'recovered']);
  expect(events[0]?.[1]).toMatchObject({ metric: 'pids', threshold: 4 });
});

it('hands out samples as they come, keeps no more than it was told, and ends with the sandbox', async () => {
  await using manager = new SandboxManager();
  const sandbox = await manager.create();
  const monitor = new SandboxMonitor(sandbox, { intervalSeconds: 0.05, maxSamples: 3 });
  const seen: SandboxSample[] = [];
  for await (const sample of monitor) {
    seen.push(sample);
    if (seen.length === 6) await sandbox.destroy();
  }

  expect(seen.length).toBeGreaterThanOrEqual(6);
  expect(monitor.samples.length).toBe(3);
  await monitor.close();
  await monitor.close();
});

it.each([{ intervalSeconds: 0.01 }, { maxSamples: 0 }, { thresholds: { memory: 5 } }, { interval: 1 }])(
  'refuses %j',
  async (options) => {
    await using manager = new SandboxManager();
    await using sandbox = await manager.create();
    expect(() => new SandboxMonitor(sandbox, options as object)).toThrow(
      expect.objectContaining({ code: 'PARACLE_CORE_CONFIG_INVALID' }),
    );
  },
);

it('looks once a second unless told otherwise', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  await using monitor = new SandboxMonitor(sandbox);
  for await (const { elapsedMs } of monitor) if (elapsedMs > 0) break;
  expect(monitor.samples.length).toBe(2);
});

it('ends though the sandbox is paused', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const monitor = new SandboxMonitor(sandbox, { intervalSeconds: 0.05 });
  await waitUntil('a first sample', () => monitor.samples.length > 0 || undefined);
  await sandbox.engine.containers.pause(sandbox.container.id);
  await expect(monitor.close()).resolves.toBeUndefined();
  await sandbox.engine.containers.unpause(sandbox.container.id);
});
