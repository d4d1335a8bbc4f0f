import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CommandNotFoundError,
  CommandStartError,
  ExecutionTimeoutError,
  NonZeroExitError,
  type Sandbox,
  SandboxManager,
} from '../../src/index.js';

const manager = new SandboxManager();
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await manager.create();
});

afterAll(async () => {
  await manager.close();
});

describe('execute', () => {
  it('returns output, exit code and usage', async () => {
    const result = await sandbox.execute(['python3', '-c', "print('Hello')"]);
    expect(result).toMatchObject({
      stdout: 'Hello\n',
      stderr: '',
      exitCode: 0,
      cause: 'exited',
      limitsHit: [],
      survivorCount: 0,
    });
    expect(result.usage?.peakProcessBytes).toBeGreaterThan(1_000_000);
  });

  it('keeps stdout and stderr apart', async () => {
    const result = await sandbox.execute(['sh', '-c', 'echo out; echo err >&2']);
    expect([result.stdout, result.stderr]).toEqual(['out\n', 'err\n']);
  });

  it('passes arguments, environment and directory on as they are', async () => {
    const result = await sandbox.execute(
      ['sh', '-c', 'printf "%s|" "$@"; echo "$GREETING"; pwd', 'sh', 'a b', '', '$HOME', 'ü'],
      {
        environment: { GREETING: 'hello world' },
        workingDirectory: '/tmp',
      },
    );
    expect(result.stdout).toBe('a b||$HOME|ü|hello world\n/tmp\n');
  });

  it('gives the command its standard input, however long', async () => {
    const stdin = 'x'.repeat(3_000_000);
    const result = await sandbox.execute(['wc', '-c'], { stdin });
    expect(result.stdout.trim()).toBe('3000000');
  });

  it('goes on when the command does not read its input', async () => {
    const result = await sandbox.execute(['true'], { stdin: 'x'.repeat(3_000_000) });
    expect(result.exitCode).toBe(0);
  });

  it('gives an empty standard input where there is none', async () => {
    expect(await sandbox.execute(['cat'])).toMatchObject({ stdout: '', exitCode: 0 });
  });

  it('returns a non-zero exit as data, and as an error on request', async () => {
    const result = await sandbox.execute(['sh', '-c', 'echo no >&2; exit 3']);
    expect(result.exitCode).toBe(3);
    expect(() => result.orThrow()).toThrow(NonZeroExitError);
    await expect(sandbox.execute(['sh', '-c', 'exit 3'], { check: true })).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_EXIT_NON_ZERO',
      result: { exitCode: 3 },
    });
  });

  it('tells the signal that ended a command, and no exit code', async () => {
    const result = await sandbox.execute(['sh', '-c', 'kill -9 $$']);
    expect(result).toMatchObject({ cause: 'signalled', signal: 'SIGKILL', limitsHit: [] });
    expect(result.exitCode).toBeUndefined();
  });

  it('says so when there is no such program', async () => {
    const failure = sandbox.execute(['no-such-program']);
    await expect(failure).rejects.toThrow(CommandNotFoundError);
    await expect(failure).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_COMMAND_NOT_FOUND' });
  });

  it('says so when a file is no program, or the directory is not there', async () => {
    await expect(sandbox.execute(['/etc/passwd'])).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_COMMAND_NOT_EXECUTABLE',
    });
    await expect(sandbox.execute(['true'], { workingDirectory: '/nowhere' })).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_DIRECTORY_NOT_USABLE',
    });
    await expect(sandbox.execute(['true'], { workingDirectory: '/root' })).rejects.toThrow(CommandStartError);
  });

  it.each([[[]], [['']], [['echo', 'a\0b']]])(
    'refuses the command %j before anything runs',
    async (command: string[]) => {
      await expect(sandbox.execute(command)).rejects.toMatchObject({ code: 'PARACLE_CORE_CONFIG_INVALID' });
    },
  );

  it('refuses an unknown option and names the nearest', async () => {
    const options = { check: true, timeoutSecond: 1 };
    await expect(sandbox.execute(['true'], options)).rejects.toThrow(/Did you mean `timeoutSeconds`/u);
  });

  it('ends a command at its time-out and says so, with the output so far', async () => {
    const failure = sandbox.execute(['sh', '-c', 'echo started; sleep 60'], { timeoutSeconds: 0.5 });
    await expect(failure).rejects.toThrow(ExecutionTimeoutError);
    await expect(failure).rejects.toMatchObject({
      result: { cause: 'timeout', stdout: 'started\n', signal: 'SIGTERM' },
    });
  });

  it('counts a time-out as one though the command then exits 0', async () => {
    const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];
    await expect(sandbox.execute(command, { timeoutSeconds: 0.3 })).rejects.toMatchObject({
      result: { cause: 'timeout', exitCode: 0 },
    });
  });

  it('ends a command that is aborted, and starts none when it was aborted before', async () => {
    const controller = new AbortController();
    const failure = sandbox.execute(['sleep', '60'], { signal: controller.signal });
    controller.abort(new Error('changed my mind'));
    await expect(failure).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_ABORTED',
      cause: { message: 'changed my mind' },
    });
    await expect(sandbox.execute(['true'], { signal: controller.signal })).rejects.toThrow('changed my mind');
  });

  it('decodes output that is not UTF-8 without failing, and has the bytes', async () => {
    const result = await sandbox.execute(['printf', '\\377\\000\\303\\274']);
    expect([...result.stdoutBytes]).toEqual([0xff, 0, 0xc3, 0xbc]);
    expect(result.stdout).toBe('\ufffd\0ü');
  });

  it('keeps head and tail of a long output and counts the rest', async () => {
    const result = await sandbox.execute(['sh', '-c', 'echo HEAD; head -c 5000000 /dev/zero; echo TAIL'], {
      maxOutputBytes: 1000,
    });
    expect(result.droppedBytes.stdout).toBe(5_000_010 - 1000);
    expect(result.stdout).toMatch(/^HEAD\n/u);
    expect(result.stdout).toMatch(/TAIL\n$/u);
  });

  it('ends what a command leaves running, unless told to keep it', async () => {
    await sandbox.execute(['sh', '-c', 'sleep 987 & exit 0']);
    expect((await sandbox.execute(['sh', '-c', 'grep -lz 987 /proc/[0-9]*/cmdline || true'])).stdout).not.toMatch(
      /sleep/u,
    );
    const kept = await sandbox.execute(['sh', '-c', 'sleep 654 >/dev/null 2>&1 & echo $!'], { background: 'keep' });
    expect(kept.hasBackground).toBe(true);
    const pid = kept.stdout.trim();
    // The shell's child becomes `sleep` in its own time.
    const isThere = `until grep -q ^sleep /proc/${pid}/cmdline; do sleep 0.05; done`;
    expect((await sandbox.execute(['sh', '-c', isThere], { timeoutSeconds: 20 })).exitCode).toBe(0);
    await sandbox.execute(['sh', '-c', `kill -9 ${pid}`]);
  });
});

describe('start', () => {
  it('hands out output as it comes and takes input', async () => {
    const execution = sandbox.start(['cat']);
    let echoed = '';
    await execution.write('one\n');
    for await (const { bytes } of execution.output) {
      echoed += Buffer.from(bytes).toString();
      if (echoed === 'one\n') await execution.write('two\n');
      if (echoed === 'one\ntwo\n') execution.endInput();
    }
    expect(await execution.result).toMatchObject({ exitCode: 0, stdout: 'one\ntwo\n' });
  });

  it('sends signals to the leader', async () => {
    const execution = sandbox.start([
      'sh',
      '-c',
      'trap "echo got it; exit 7" USR1; echo ready; while :; do sleep 0.05; done',
    ]);
    for await (const { bytes } of execution.output) if (Buffer.from(bytes).toString().includes('ready')) break;
    execution.kill('SIGUSR1');
    expect(await execution.result).toMatchObject({ exitCode: 7, stdout: 'ready\ngot it\n' });
  });

  it('holds a command up while nobody takes its output, and loses nothing', async () => {
    const execution = sandbox.start(['head', '-c', '20000000', '/dev/zero'], { maxOutputBytes: 0 });
    await expect(Promise.race([execution.result, waitMs(300)])).resolves.toBe('still running');
    let sizeBytes = 0;
    for await (const { bytes } of execution.output) sizeBytes += bytes.length;
    expect(sizeBytes).toBe(20_000_000);
  });
});

async function waitMs(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, ms, 'still running'));
}

it('gives a command that it starts its input, as text and as bytes', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const execution = sandbox.start(['cat'], { stdin: 'text ' });
  execution.skipOutput();
  await execution.write(Buffer.from('bytes'));
  execution.endInput();
  await expect(execution.result).resolves.toMatchObject({ stdout: 'text bytes' });
});
