import { expect, it } from '@jest/globals';
import { ResourceLimitExceededError, SandboxManager } from '../../src/index.js';

const MEBIBYTE = 1024 * 1024;
const python = (...lines: readonly string[]): readonly string[] => ['python3', '-Sc', lines.join('\n')];
/** Touches more memory than the sandbox has. */
const HOG = python('pieces = []', 'while True: pieces.append(bytearray(b"x" * 1048576))');
const HOG_LINE = `python3 -Sc 'pieces = []
while True: pieces.append(bytearray(b"x" * 1048576))'`;

it('says that memory ran out where the command itself was killed for it', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ memoryMb: 64 });
  const failure = sandbox.execute(HOG);
  await expect(failure).rejects.toThrow(ResourceLimitExceededError);
  await expect(failure).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_EXCEEDED',
    limitsHit: [
      {
        limit: 'memory',
        evidence: { oomKillsBefore: 0, oomKillsAfter: expect.any(Number), limit: 64 * MEBIBYTE },
        scope: 'execution',
      },
    ],
    result: { cause: 'oom', signal: 'SIGKILL', survivorCount: 0 },
  });
  const { result } = (await failure.catch((error: unknown) => error)) as ResourceLimitExceededError;
  expect(result.exitCode).toBeUndefined();
  expect(result.limitsHit[0]?.evidence['oomKillsAfter']).toBeGreaterThan(0);
  expect(result.usage?.peakProcessBytes).toBeGreaterThan(32 * MEBIBYTE);
  await expect(sandbox.execute(['true'])).resolves.toMatchObject({ exitCode: 0, limitsHit: [] });
});

it('reports the limit and succeeds where only a child was killed and the command exits 0', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ memoryMb: 64 });
  const result = await sandbox.execute(['sh', '-c', `${HOG_LINE}; echo "child: $?"; exit 0`]);
  expect(result).toMatchObject({
    cause: 'exited',
    exitCode: 0,
    stdout: 'child: 137\n',
    limitsHit: [{ limit: 'memory', scope: 'execution' }],
  });
});

it('fails with the limit as the reason where a child was killed and the command exits non-zero', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ memoryMb: 64 });
  await expect(sandbox.execute(['sh', '-c', `${HOG_LINE}; exit 5`])).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_EXCEEDED',
    result: { cause: 'exited', exitCode: 5, limitsHit: [{ limit: 'memory' }] },
  });
});

it('does not take a SIGKILL from a program for memory that ran out', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ memoryMb: 64 });
  const result = await sandbox.execute([
    'sh',
    '-c',
    `${HOG_LINE.replace('while True', 'for n in range(8)')}; kill -9 $$`,
  ]);
  expect(result).toMatchObject({ cause: 'signalled', signal: 'SIGKILL', limitsHit: [] });
});

it('counts files in memory as memory, and there is no swap to go to', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ memoryMb: 32 });
  expect(sandbox.guarantees.swap).toEqual({ enforcement: 'hard', limitBytes: 0 });
  const { hostConfig } = await sandbox.engine.containers.inspect(sandbox.container.id);
  expect(hostConfig).toMatchObject({ Memory: 32 * MEBIBYTE, MemorySwap: 32 * MEBIBYTE });
  await expect(sandbox.execute(['dd', 'if=/dev/zero', 'of=/dev/shm/fill', 'bs=1M', 'count=48'])).rejects.toMatchObject({
    result: { cause: 'oom' },
  });
});

it('fails with the limit as the reason where no more processes were to be had and the command exits non-zero', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ pidsLimit: 16 });
  const script = python(
    'import os, signal, sys',
    'try:',
    '    while True:',
    '        if os.fork() == 0: signal.pause()',
    'except OSError as error: sys.exit(error.errno)',
  );
  const failure = sandbox.execute(script);
  await expect(failure).rejects.toThrow(ResourceLimitExceededError);
  await expect(failure).rejects.toMatchObject({
    limitsHit: [{ limit: 'pids', evidence: { pidsRefusedBefore: 0, limit: 16 }, scope: 'execution' }],
    result: { cause: 'exited', exitCode: 11 },
  });
});

it('reports the limit on processes and succeeds where the command exits 0 all the same', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ pidsLimit: 16 });
  const script = python(
    'import os, signal',
    'try:',
    '    while True:',
    '        if os.fork() == 0: signal.pause()',
    'except OSError: pass',
  );
  await expect(sandbox.execute(script)).resolves.toMatchObject({ exitCode: 0, limitsHit: [{ limit: 'pids' }] });
  await expect(sandbox.execute(['true'])).resolves.toMatchObject({ exitCode: 0, limitsHit: [] });
});

it('calls a limit shared, and no reason for a failure, where two executions overlap', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ memoryMb: 64 });
  const innocent = sandbox.start(['sh', '-c', 'read line; exit 7']);
  await innocent.pid;
  const guilty = await sandbox.execute(['sh', '-c', `${HOG_LINE}; exit 5`]);
  expect(guilty).toMatchObject({ cause: 'exited', exitCode: 5, limitsHit: [{ limit: 'memory', scope: 'shared' }] });
  await innocent.write('go\n');
  innocent.skipOutput();
  await expect(innocent.result).resolves.toMatchObject({
    exitCode: 7,
    limitsHit: [{ limit: 'memory', scope: 'shared' }],
    usage: { isShared: true },
  });
});

it('gives no more CPU time than was asked for', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ cpuCores: 0.5 });
  expect(sandbox.guarantees.cpu).toEqual({ enforcement: 'hard', cores: 0.5 });
  const { usage } = await sandbox.execute(
    python(
      'import os, time',
      'os.fork()',
      'end = time.time() + 3',
      'while time.time() < end: pass',
      'try: os.wait()',
      'except OSError: pass',
    ),
  );
  const share = ((usage?.userCpuMs ?? 0) + (usage?.systemCpuMs ?? 0)) / (usage?.durationMs ?? 0);
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(0.65);
});

it('ends a command that prints too much where that was asked for, and all it started', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const options = { onOutputLimit: 'kill', maxOutputBytes: 1000, killGraceMs: 0 } as const;
  const failure = sandbox.execute(['sh', '-c', 'sleep 1000 & yes >&2'], options);

  await expect(failure).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_EXCEEDED',
    limitsHit: [{ limit: 'output', evidence: { stderrBytes: expect.any(Number), limit: 1000 }, scope: 'execution' }],
    result: { cause: 'output', survivorCount: 0 },
  });
  await expect(sandbox.getStats()).resolves.toMatchObject({ pids: 1 });
  await expect(sandbox.execute(['head', '-c', '1000', '/dev/zero'], options)).resolves.toMatchObject({
    cause: 'exited',
  });
  const dropped = await sandbox.execute(['head', '-c', '5000', '/dev/zero'], { maxOutputBytes: 1000 });
  expect(dropped).toMatchObject({ cause: 'exited', limitsHit: [], droppedBytes: { stdout: 4000 } });
});
