import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '@paracle/test-support';
import { type Sandbox, type SandboxConfig, SandboxManager } from '../../src/index.js';
import { listProcesses } from './support/processes.js';
import { TypedTerminal } from './support/typed-terminal.js';

const terminal = { columns: 200, rows: 24 };
const python = (...lines: readonly string[]): readonly string[] => ['python3', '-Sc', lines.join('\n')];

const IDENTITY = python(
  'import json, os, sys',
  'print("on stderr", file=sys.stderr, flush=True)',
  'size = os.get_terminal_size()',
  'print(json.dumps({',
  '  "areTerminals": [os.isatty(fd) for fd in range(3)],',
  '  "isControlling": os.ttyname(0) == os.ttyname(1) == os.ttyname(2) and os.isatty(os.open("/dev/tty", os.O_RDWR)),',
  '  "leadsSession": os.getsid(0) == os.getpid() == os.tcgetpgrp(0),',
  '  "owner": os.stat(os.ttyname(0)).st_uid,',
  '  "size": [size.columns, size.lines],',
  '  "TERM": os.environ["TERM"],',
  '}))',
);

/** Tells its size at the start, and at each SIGWINCH. */
const TELL_SIZE = [
  'import os, signal',
  'signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH})',
  'while True:',
  '    size = os.get_terminal_size()',
  '    print(f"{size.columns}x{size.lines}", flush=True)',
  '    signal.sigwait({signal.SIGWINCH})',
];

const kinds: readonly { readonly title: string; readonly config: SandboxConfig }[] = [
  { title: 'in a writable sandbox', config: {} },
  { title: 'in a read-only one', config: { readOnlyFilesystem: true } },
];

describe.each(kinds)('a terminal $title', ({ config }) => {
  const manager = new SandboxManager();
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await manager.create(config);
  });

  afterAll(async () => {
    await manager.close();
  });

  it('is all three streams and the controlling terminal, and shows stderr as stdout', async () => {
    const { stdout, stderr, stderrBytes } = await sandbox.execute(IDENTITY, { terminal });
    const [first = '', second = ''] = stdout.split('\r\n');
    expect(first).toBe('on stderr');
    expect(JSON.parse(second)).toEqual({
      areTerminals: [true, true, true],
      isControlling: true,
      leadsSession: true,
      owner: sandbox.user.uid,
      size: [200, 24],
      TERM: 'xterm-256color',
    });
    expect([stderr, stderrBytes.length]).toEqual(['', 0]);
  });

  it('can have terminals of its own inside', async () => {
    const nested = [
      ['script', '-qec', 'tty', '/dev/null'],
      ['python3', '-c', 'import pty; pty.spawn(["tty"])'],
    ];
    for (const command of nested) {
      await using outer = new TypedTerminal(sandbox.start(command, { terminal }));
      await expect(outer.ended()).resolves.toMatchObject({ exitCode: 0, stdout: '/dev/pts/1\r\n' });
      expect((await sandbox.execute(command)).stdout).toContain('/dev/pts/0\r\n');
    }
  });
});

describe('a terminal', () => {
  const manager = new SandboxManager();
  let sandbox: Sandbox;
  const open = (command: readonly string[]): TypedTerminal => new TypedTerminal(sandbox.start(command, { terminal }));
  const runs = async (name: string): Promise<boolean> =>
    waitUntil(`${name} runs`, async () => (await listProcesses(sandbox)).some((seen) => seen.name === name));

  beforeAll(async () => {
    sandbox = await manager.create();
  });

  afterAll(async () => {
    await manager.close();
  });

  it('leaves TERM to the caller', async () => {
    const options = { terminal, environment: { TERM: 'dumb' } };
    expect((await sandbox.execute(['sh', '-c', 'echo $TERM'], options)).stdout).toBe('dumb\r\n');
    await using other = await manager.create({ environment: { TERM: 'vt100' } });
    expect((await other.execute(['sh', '-c', 'echo $TERM'], { terminal })).stdout).toBe('vt100\r\n');
    expect((await sandbox.execute(['sh', '-c', 'echo "$TERM"'])).stdout).toBe('\n');
  });

  it('has the size that it was given, at the start and after a change', async () => {
    await using shown = open(python(...TELL_SIZE));
    await shown.shows('200x24');
    shown.execution.resize({ columns: 132, rows: 50 });
    await shown.shows('132x50');
    shown.execution.resize({ columns: 65_535, rows: 1 });
    await shown.shows('65535x1');
    expect(() => {
      shown.execution.resize({ columns: 0, rows: 24 });
    }).toThrow(expect.objectContaining({ code: 'PARACLE_CORE_CONFIG_INVALID' }));
    shown.execution.kill('SIGKILL');
    await shown.execution.result;
    shown.execution.resize({ columns: 80, rows: 24 });
  });

  it('is all that can be resized', async () => {
    const execution = sandbox.start(['true']);
    execution.skipOutput();
    expect(() => {
      execution.resize({ columns: 80, rows: 24 });
    }).toThrow(expect.objectContaining({ code: 'PARACLE_SANDBOX_NO_TERMINAL' }));
    await expect(execution.result).resolves.toMatchObject({ exitCode: 0 });
  });

  it.each(['bash', 'sh'])(
    'gives %s job control, Ctrl-C, Ctrl-Z and a foreground that is told of its size',
    async (name) => {
      await sandbox.files.write('/tmp/size.py', TELL_SIZE.join('\n'));
      await using shell = open([name, '-i']);
      await shell.type('sleep 900\r');
      await runs('sleep');
      await shell.type('\u0003');
      await shell.type('echo status $?\r');
      await shell.shows('status 130');
      await shell.type('python3 -S /tmp/size.py\r');
      await shell.shows('200x24');
      shell.execution.resize({ columns: 201, rows: 25 });
      await shell.shows('201x25');
      await shell.type('\u001a');
      await shell.shows('Stopped');
      await shell.type('bg\r');
      await shell.type('jobs\r');
      await shell.shows('Running');
      await shell.type('kill %1; exit 7\r');
      await expect(shell.ended()).resolves.toMatchObject({ cause: 'exited', exitCode: 7, survivorCount: 0 });
      expect(shell.text).not.toMatch(/no job control|job control turned off|cannot set terminal/u);
    },
  );

  it('passes on all of a big output, with the line ends of a terminal or raw', async () => {
    const options = { terminal, maxOutputBytes: 32 * 1024 * 1024 };
    const lines = await sandbox.execute(['seq', '1300000'], options);
    const expected = Array.from({ length: 1_300_000 }, (_, index) => `${index + 1}\r\n`).join('');
    expect(Buffer.compare(lines.stdoutBytes, Buffer.from(expected))).toBe(0);
    const raw = await sandbox.execute(
      python('import sys, tty', 'tty.setraw(1)', 'sys.stdout.buffer.write(bytes(range(256)) * 40_000)'),
      options,
    );
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    expect(Buffer.compare(raw.stdoutBytes, Buffer.concat(Array<Buffer>(40_000).fill(bytes)))).toBe(0);
  });

  it.each([
    { stdin: undefined, count: '0' },
    { stdin: 'one\ntwo\n', count: '8' },
    { stdin: 'one\ntwo', count: '7' },
  ])('ends the input $stdin of a program that reads lines', async ({ stdin, count }) => {
    const { stdout } = await sandbox.execute(['wc', '-c'], { terminal, ...(stdin !== undefined && { stdin }) });
    expect(stdout).toMatch(new RegExp(`(^|\\D)${count}\r\n`, 'u'));
  });

  it('takes a long input whole', async () => {
    const { stdout } = await sandbox.execute(['wc', '-lc'], { terminal, stdin: 'a line of input\n'.repeat(100_000) });
    expect(stdout).toMatch(/ 100000 +1600000\r\n/u);
  });

  it('hangs up by signal on a shell that ignores TERM', async () => {
    await using shell = open(['bash', '-i']);
    await shell.type('echo $((6 * 7))\r');
    await shell.shows('42');
    shell.execution.kill('SIGHUP');
    await expect(shell.execution.result).resolves.toMatchObject({ cause: 'signalled', signal: 'SIGHUP' });
    const stubborn = sandbox.start(['bash', '-i'], { terminal, killGraceMs: 100 });
    const seen = new TypedTerminal(stubborn);
    await seen.type('echo $((6 * 7))\r');
    await seen.shows('42');
    stubborn.cancel();
    await expect(stubborn.result).rejects.toMatchObject({ result: { cause: 'aborted', signal: 'SIGKILL' } });
  });

  it('hangs up on what was kept when the leader ends, unless that ignores it', async () => {
    const options = { terminal, background: 'keep' } as const;
    const keep = async (line: string): Promise<unknown> => sandbox.execute(['sh', '-c', line], options);
    await keep('trap "" HUP; tail -f /dev/null & exit 0');
    await keep('sleep 900 & exit 0');
    const names = async (): Promise<string[]> => (await listProcesses(sandbox)).map(({ name }) => name);
    await waitUntil('sleep is gone', async () => !(await names()).includes('sleep'));
    expect(await names()).toContain('tail');
  });
});
