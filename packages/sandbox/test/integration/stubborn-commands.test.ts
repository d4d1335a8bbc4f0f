import { expect, it } from '@jest/globals';
import { type Execution, type ExecutionError, SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';
import { listProcesses } from './support/processes.js';

const python = (...lines: readonly string[]): readonly string[] => ['python3', '-Sc', lines.join('\n')];

async function firstOutput(execution: Execution): Promise<string> {
  for await (const { bytes } of execution.output) return Buffer.from(bytes).toString();
  return '';
}

it('kills a command that ignores TERM once its grace is over', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const error: unknown = await sandbox
    .execute(['sh', '-c', 'trap "" TERM; echo started; while :; do sleep 0.01; done'], {
      timeoutSeconds: 0.3,
      killGraceMs: 200,
    })
    .catch((thrown: unknown) => thrown);
  const { result } = error as ExecutionError;
  expect(result).toMatchObject({ cause: 'timeout', signal: 'SIGKILL', stdout: 'started\n', survivorCount: 0 });
  expect(result.usage?.durationMs).toBeGreaterThanOrEqual(500);
});

it('gives a command its grace to end in order', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const command = ['sh', '-c', 'trap "sleep 0.2; echo tidied; exit 4" TERM; while :; do sleep 0.01; done'];
  await expect(sandbox.execute(command, { timeoutSeconds: 0.2, killGraceMs: 30_000 })).rejects.toMatchObject({
    result: { cause: 'timeout', exitCode: 4, stdout: 'tidied\n' },
  });
});

it('ends with the leader what double-forked into a session of its own', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const result = await sandbox.execute(
    python(
      'import os, time',
      'if os.fork() == 0:',
      '    os.setsid()',
      '    if os.fork() == 0: time.sleep(900)',
      '    os._exit(0)',
      'os.wait()',
    ),
  );
  expect(result).toMatchObject({ cause: 'exited', exitCode: 0, survivorCount: 0, hasBackground: false });
  expect(await listProcesses(sandbox)).toHaveLength(1);
});

it('waits for the end of a command that closes its pipes and lives on', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const result = await sandbox.execute(['sh', '-c', 'echo last; exec <&- >&- 2>&-; sleep 0.4; exit 6']);
  expect(result).toMatchObject({ exitCode: 6, stdout: 'last\n' });
  expect(result.usage?.durationMs).toBeGreaterThanOrEqual(400);
});

it('ends at its time-out a command that closed its pipes', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const command = ['sh', '-c', 'exec <&- >&- 2>&-; sleep 900'];
  await expect(sandbox.execute(command, { timeoutSeconds: 0.3 })).rejects.toMatchObject({
    result: { cause: 'timeout' },
  });
  expect(await listProcesses(sandbox)).toHaveLength(1);
});

it('returns at once though what it keeps in the background never stops to print', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ cpuCores: 2 });
  const result = await sandbox.execute(['sh', '-c', 'for n in 1 2 3 4; do yes & done; exit 3'], {
    background: 'keep',
    timeoutSeconds: 60,
  });
  expect(result).toMatchObject({ cause: 'exited', exitCode: 3, hasBackground: true });
  await expect(sandbox.execute(['echo', 'still here'])).resolves.toMatchObject({ stdout: 'still here\n' });
});

it('tells the process id of a command that is killed before it becomes its program, or rejects', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  for (let run = 0; run < 20; run++) {
    const execution = sandbox.start(['sleep', '900'], { killGraceMs: 0 });
    execution.skipOutput();
    execution.cancel();
    await expect(execution.pid).resolves.toBeGreaterThan(1);
    await expect(execution.result).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_ABORTED' });
  }
});

it('ends what runs, with a cause, when the sandbox is destroyed under it', async () => {
  await using manager = new SandboxManager();
  const sandbox = await manager.create();
  const execution = sandbox.start(['sh', '-c', 'echo up; sleep 900']);
  expect(await firstOutput(execution)).toBe('up\n');
  await sandbox.destroy();
  await expect(execution.result).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LOST',
    message: expect.stringContaining('supervisor is gone'),
    result: { cause: 'lost', stdout: 'up\n' },
  });
  expect(await listLeftBehind(manager.engine)).toEqual([]);
  await expect(sandbox.execute(['true'])).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_DESTROYED' });
});
