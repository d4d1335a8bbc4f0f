import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { Engine, FileService, ownerLabels, STORE_DIRECTORY } from '@paracle/core';
import { waitUntil } from '@paracle/test-support';
import { type Sandbox, SandboxManager } from '../../src/index.js';
import { Neighbour } from './support/neighbour.js';
import { listProcesses } from './support/processes.js';

type Outcomes = Readonly<Record<string, string>>;

const readScript = (name: string): string => readFileSync(new URL(`support/${name}`, import.meta.url), 'utf8');
const python = (...lines: readonly string[]): readonly string[] => ['python3', '-Sc', lines.join('\n')];

/** What not even a process of one's own allows: the engine's seccomp profile (it depends on its version), or nothing to do. */
const REFUSED_ON_OWN: ReadonlySet<string> = new Set([
  'process_vm_readv',
  'process_vm_writev',
  'write comm',
  'write timerslack_ns',
  'pidfd_getfd',
  'process_madvise',
  'process_mrelease',
  'kcmp',
  'move_pages',
  'migrate_pages',
  'perf_event_open',
  'setns',
]);

/**
 * Allowed, and why it can't be helped: only a supervisor with CAP_SYS_RESOURCE could set a floor, and an engine may be
 * without that itself.
 */
const ALLOWED: ReadonlySet<string> = new Set(['lower oom_score_adj']);

async function runJson(sandbox: Sandbox, script: string): Promise<unknown> {
  const { stdout } = await sandbox.execute(['python3', '-c', readScript(script)], { check: true });
  return JSON.parse(stdout);
}

async function plantAsRoot(sandbox: Sandbox): Promise<void> {
  const id = await sandbox.files.read('/usr/bin/id');
  await using files = FileService.open(await sandbox.engine.supervisors.connect(sandbox.container.id), 'root');
  await files.write('/usr/local/bin/id-as-root', id, { mode: 0o4755, owner: { uid: 0, gid: 0 } });
  await files.write(`${STORE_DIRECTORY}/secret`, Buffer.from('secret'), { mode: 0o644 });
}

/** What a set-id program of root says of itself in a container without no-new-privileges. */
async function runSetIdInPlainContainer(engine: Engine): Promise<string> {
  const script =
    "cp /usr/bin/id /id && chmod 4755 /id && python3 -c \"import os; os.setuid(1000); os.execv('/id', ['id'])\"";
  const body = {
    Image: 'python:3.11-slim',
    Cmd: ['sh', '-c', script],
    Labels: ownerLabels({ purpose: 'sandbox' }),
    AttachStdout: true,
    HostConfig: { NetworkMode: 'none' },
  };
  const { id } = await engine.containers.create({ body });
  try {
    const stream = await engine.containers.attach(id);
    let text = '';
    stream.receive((bytes) => (text += bytes.toString('latin1')));
    await engine.containers.start(id);
    await engine.containers.wait(id);
    await waitUntil('id has spoken', () => text.includes('groups=') || undefined);
    stream.destroy();
    return text;
  } finally {
    await engine.containers.remove(id, { force: true, volumes: true });
  }
}

it("keeps hands off PID 1, the keepers and a relay, while the same acts work on a process of one's own", async () => {
  await using manager = new SandboxManager();
  await using other = new Engine();
  await using sandbox = await manager.create();
  await using neighbour = await Neighbour.start(sandbox);
  await other.supervisors.connect(sandbox.container.id);
  const report = (await runJson(sandbox, 'attacks.py')) as {
    readonly targets: Readonly<Record<string, Outcomes>>;
    readonly own: Outcomes;
  };

  // PID 1, the relay, the neighbour's keeper and the attacker's own.
  const targets = Object.values(report.targets);
  expect(Object.keys(report.targets)).toContain('1');
  expect(targets.map(({ name }) => name)).toContain('/.paracle/bin/supervisor relay');
  expect(targets.length).toBeGreaterThanOrEqual(4);
  const successes = targets.flatMap((acts) => Object.entries(acts).filter(([, outcome]) => outcome === 'ok'));
  expect(successes).toEqual([]);
  const onOwn = Object.entries(report.own).filter(([act]) => !REFUSED_ON_OWN.has(act));
  expect(onOwn.length).toBeGreaterThan(40);
  expect(onOwn.filter(([, outcome]) => outcome !== 'ok')).toEqual([]);
  await neighbour.goesOn();
});

it('refuses every way to more rights that was thought of', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  await plantAsRoot(sandbox);
  const report = (await runJson(sandbox, 'escalations.py')) as Outcomes;
  expect(Object.keys(report).length).toBeGreaterThan(80);
  const successes = Object.keys(report).filter((act) => report[act] === 'ok' && !ALLOWED.has(act));
  expect(successes).toEqual([]);
  await expect(runSetIdInPlainContainer(sandbox.engine)).resolves.toMatch(/euid=0\(root\)/u);
});

it('gives no process of a command a capability, a group, a core dump or a way to gain privileges', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const script =
    'cat /proc/self/status; setsid cat /proc/self/status; su -c true; cat /proc/self/limits /proc/self/oom_score_adj';
  const { stdout } = await sandbox.execute(['sh', '-c', script]);
  const lines = (name: string): readonly string[] =>
    stdout.split('\n').flatMap((line) => (line.startsWith(`${name}:`) ? [line.slice(name.length + 1).trim()] : []));
  const none = '0'.repeat(16);
  for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(lines(name)).toEqual([none, none]);
  for (const [name, value] of [
    ['NoNewPrivs', '1'],
    ['Seccomp', '2'],
    ['Groups', ''],
  ]) {
    expect(lines(name ?? '')).toEqual([value, value]);
  }
  expect(lines('Uid')[0]).toBe('1000\t1000\t1000\t1000');
  expect(lines('Gid')[0]).toBe('1000\t1000\t1000\t1000');
  expect(stdout).toMatch(/Max core file size\s+0\s+0/u);
  expect(stdout).toMatch(/\n1000\n?$/u);
});

it('takes frames that a command prints for output and nothing else', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const connection = await sandbox.engine.supervisors.connect(sandbox.container.id);
  // An EXITED frame with code 0 and a DONE and a WELCOME for each id that could be meant, bare and in the engine's own frames.
  const script = python(
    'import os, struct, sys',
    'out = b""',
    'for id in range(0, 40):',
    '    for kind, body in ((0x87, bytes([0, 1, 0, 0]) + bytes(36 + 128)), (0x88, bytes(4)), (0x81, bytes(62)), (0x8a, b"no")):',
    '        frame = struct.pack("<IBBHI", len(body), 0xA7, kind, 0, id) + body',
    '        out += frame + struct.pack(">BxxxI", 1, len(frame)) + frame',
    'os.write(1, out); os.write(2, out)',
    'sys.exit(3)',
  );
  const result = await sandbox.execute(script);
  expect(result).toMatchObject({ cause: 'exited', exitCode: 3 });
  expect(result.stdoutBytes.length).toBe(40 * (2 * (12 + 168 + 12 + 4 + 12 + 62 + 12 + 2) + 4 * 8));
  expect(Buffer.compare(result.stdoutBytes, result.stderrBytes)).toBe(0);
  expect(connection.isClosed).toBe(false);
});

it('has no relay for a command, and goes on though one was tried', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  expect(await sandbox.execute(['/.paracle/bin/supervisor', 'relay'])).toMatchObject({ exitCode: 72, stdout: '' });
  expect(await sandbox.execute(['/.paracle/bin/supervisor'])).toMatchObject({ exitCode: 64 });
  expect(await sandbox.execute(['true'])).toMatchObject({ exitCode: 0 });
});

it('survives a command that kills and stops everything it can', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const [init] = await listProcesses(sandbox);
  const script = python(
    'import os, signal',
    'for number in range(1, 65):',
    '    if number not in (signal.SIGKILL, signal.SIGSTOP):',
    '        try: signal.signal(number, signal.SIG_IGN)',
    '        except (OSError, ValueError): pass',
    'for number in [n for n in range(1, 65) if n not in (32, 33)]:',
    '    for target in (-1, 1, 0 if number not in (9, 19) else -1):',
    '        try: os.kill(target, number)',
    '        except OSError: pass',
  );
  expect(await sandbox.execute(script)).toMatchObject({ exitCode: 0 });
  expect(await listProcesses(sandbox)).toEqual([init]);
});

it('ends a command in time though another stops each new process before it becomes its program', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ cpuCores: 2 });
  const storm = sandbox.start(
    python(
      'import os, signal',
      'os.fork(); os.fork()',
      'os.write(1, b"x")',
      'while True:',
      '    try: os.kill(-1, signal.SIGSTOP)',
      '    except OSError: pass',
    ),
    { killGraceMs: 0 },
  );
  for await (const { bytes } of storm.output) if (bytes.length > 0) break;
  for (let run = 0; run < 20; run++) {
    const ended = await sandbox.execute(['true'], { timeoutSeconds: 0.3, killGraceMs: 0 }).then(
      (result) => result.cause,
      (error: unknown) => (error as { result: { cause: string } }).result.cause,
    );
    expect(['exited', 'timeout']).toContain(ended);
  }
  storm.cancel();
  await expect(storm.result).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_ABORTED' });
  expect(await listProcesses(sandbox)).toHaveLength(1);
});

it.each([
  {
    title: 'processes that trace each other and undo every stop',
    script: python(
      'import ctypes, os, signal, time',
      'libc = ctypes.CDLL(None)',
      'def guard(pid):',
      '    if libc.ptrace(0x4206, pid, 0, 0) != 0: return',
      '    while True:',
      '        try: status = os.waitpid(pid, 0x40000000)[1]',
      '        except ChildProcessError: return',
      '        if not os.WIFSTOPPED(status): return',
      '        libc.ptrace(7, pid, 0, 0)',
      'signal.signal(signal.SIGTERM, signal.SIG_IGN)',
      'for pair in range(20):',
      '    if os.fork() == 0:',
      '        child = os.fork()',
      '        if child == 0: guard(os.getppid())',
      '        else: guard(child)',
      '        os._exit(0)',
      'os.write(1, b"ready")',
      'time.sleep(900)',
    ),
  },
  {
    title: 'a fork bomb of sessions that collects no dead',
    script: python(
      'import os, signal',
      'signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGCHLD, signal.SIG_IGN)',
      'while True:',
      '    try:',
      '        if os.fork() == 0: os.setsid()',
      '    except OSError: os.write(1, b"ready")',
    ),
  },
])('ends $title while a neighbour lets all of it go on as often as it can', async ({ script }) => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ cpuCores: 2 });
  const helper = sandbox.start(
    python('import os, signal', 'while True:', '    try: os.kill(-1, signal.SIGCONT)', '    except OSError: pass'),
    { killGraceMs: 0 },
  );
  await helper.pid;
  helper.skipOutput();
  const failure = sandbox.execute(script, { timeoutSeconds: 1, killGraceMs: 0, maxOutputBytes: 1000 });
  const { result } = await failure.then(
    () => Promise.reject(new Error('Expected a time-out')),
    (error: unknown) => error as { readonly result: { stdout: string; survivorCount: number; cause: string } },
  );
  expect(result).toMatchObject({ cause: 'timeout', survivorCount: 0 });
  expect(result.stdout).toMatch(/^ready/u);
  helper.cancel();
  await helper.result.catch(() => undefined);
  expect(await listProcesses(sandbox)).toHaveLength(1);
});
