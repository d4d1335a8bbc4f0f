import { expect, it } from '@jest/globals';
import { type Sandbox, SandboxManager } from '../../src/index.js';
import { Neighbour } from './support/neighbour.js';
import { listProcesses } from './support/processes.js';
import { TypedTerminal } from './support/typed-terminal.js';

const terminal = { columns: 80, rows: 24 };
const python = (...lines: readonly string[]): readonly string[] => ['python3', '-Sc', lines.join('\n')];

async function listTerminals(sandbox: Sandbox): Promise<readonly string[]> {
  return (await sandbox.execute(['ls', '/dev/pts'], { check: true })).stdout.trim().split('\n');
}

it('leaves neither a process nor a terminal behind, however the command ends', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const before = await listProcesses(sandbox);
  const daemon = '(trap "" HUP; setsid sleep 900 <&0 & sleep 901 &); echo said';
  for (let run = 0; run < 20; run++) {
    await expect(sandbox.execute(['sh', '-c', daemon], { terminal })).resolves.toMatchObject({
      exitCode: 0,
      stdout: 'said\r\n',
      survivorCount: 0,
    });
    const hanging = ['sh', '-c', `${daemon}; sleep 902`];
    await expect(sandbox.execute(hanging, { terminal, timeoutSeconds: 0.15, killGraceMs: 0 })).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_TIMEOUT',
      result: { survivorCount: 0 },
    });
    const aborting = new AbortController();
    const aborted = sandbox.start(hanging, { terminal, signal: aborting.signal, killGraceMs: 0 });
    const shown = new TypedTerminal(aborted);
    await shown.shows('said');
    aborting.abort();
    await expect(aborted.result).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_ABORTED',
      result: { survivorCount: 0 },
    });
  }
  expect(await listProcesses(sandbox)).toEqual(before.map((seen) => ({ ...seen, state: expect.any(String) })));
  expect(await listTerminals(sandbox)).toEqual(['ptmx']);
});

it('holds nobody up where a program never reads what is typed', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  await using neighbour = await Neighbour.start(sandbox);
  const deaf = sandbox.start(['sleep', '900'], { terminal, killGraceMs: 0 });
  deaf.skipOutput();
  // Of a line that never ends the kernel keeps 4,095 bytes and drops the rest.
  await deaf.write('x'.repeat(3_000_000));
  const flooding = deaf.write('\n'.repeat(3_000_000));
  await expect(sandbox.execute(['true'], { terminal })).resolves.toMatchObject({ exitCode: 0 });
  await neighbour.goesOn();
  deaf.cancel();
  await expect(deaf.result).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_ABORTED' });
  await flooding;
  expect(neighbour.isInOrder).toBe(true);
});

/** `cat` without echo, which would mix with what it prints. */
const CAT = ['sh', '-c', 'stty -echo; tty; cat'];

it('keeps two terminals apart', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  await using one = new TypedTerminal(sandbox.start(CAT, { terminal }));
  await one.shows('/dev/pts/0\r\n');
  await using two = new TypedTerminal(sandbox.start(CAT, { terminal }));
  await two.shows('/dev/pts/1\r\n');
  for (let line = 0; line < 200; line++) await Promise.all([one.type('one\n'), two.type('two\n')]);
  one.execution.endInput();
  two.execution.endInput();
  await Promise.all([one.ended(), two.ended()]);
  expect(one.text).toBe(`/dev/pts/0\r\n${'one\r\n'.repeat(200)}`);
  expect(two.text).toBe(`/dev/pts/1\r\n${'two\r\n'.repeat(200)}`);
});

it("gives no command a descriptor of another's terminal, nor of any master", async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  await using other = new TypedTerminal(sandbox.start(CAT, { terminal }));
  await other.shows('/dev/pts/0\r\n');
  const list = ['sh', '-c', 'readlink /proc/$$/fd/*'];
  expect((await sandbox.execute(list)).stdout).not.toMatch(/ptmx|pts/u);
  expect((await sandbox.execute(list, { terminal })).stdout.trim().split('\r\n')).toEqual(Array(3).fill('/dev/pts/1'));
});

/** Acts on a terminal of the same user, and on one of its own. */
const ATTACK = python(
  'import errno, fcntl, json, os, pty, sys, termios',
  'def outcome(act):',
  '    try: act()',
  '    except OSError as error: return errno.errorcode[error.errno]',
  '    return "ok"',
  'def acts(slave, pid):',
  '    return {',
  '        "write": outcome(lambda: os.write(slave, b"forged\\n")),',
  '        "resize": outcome(lambda: termios.tcsetwinsize(slave, (5, 5))),',
  '        "settings": outcome(lambda: termios.tcsetattr(slave, termios.TCSANOW, termios.tcgetattr(slave))),',
  '        "controlling": outcome(lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 1)),',
  '        "foreground": outcome(lambda: os.tcsetpgrp(slave, os.getpgrp())),',
  '        "master": outcome(lambda: [os.stat(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")[:1]]),',
  '        "type": outcome(lambda: fcntl.ioctl(slave, termios.TIOCSTI, b"x")),',
  '        "hang up": outcome(lambda: fcntl.ioctl(slave, 0x5437)),',
  '        "console": outcome(lambda: fcntl.ioctl(slave, termios.TIOCCONS)),',
  '        "packet mode": outcome(lambda: fcntl.ioctl(slave, termios.TIOCPKT, b"\\1\\0\\0\\0")),',
  '        "peer": outcome(lambda: fcntl.ioctl(slave, 0x5441, os.O_RDWR)),',
  '    }',
  "other = acts(os.open('/dev/pts/0', os.O_RDWR | os.O_NOCTTY), 1)",
  'master, own = pty.openpty()',
  "print(json.dumps({'other': other, 'own': acts(own, 'self')}))",
);

it('lets another command write to a terminal, as they are one user, and no more', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  await using attacked = new TypedTerminal(sandbox.start(CAT, { terminal }));
  await attacked.shows('/dev/pts/0\r\n');
  const { stdout } = await sandbox.execute(ATTACK, { check: true });
  const never = { type: 'EPERM', 'hang up': 'EPERM', console: 'EPERM', 'packet mode': 'ENOTTY' };
  const allowed = { write: 'ok', resize: 'ok', settings: 'ok' };
  expect(JSON.parse(stdout)).toEqual({
    other: { ...allowed, ...never, controlling: 'EPERM', foreground: 'ENOTTY', master: 'EACCES', peer: 'EIO' },
    own: { ...allowed, ...never, controlling: 'ok', foreground: 'ok', master: 'ok', peer: 'EIO' },
  });
  await attacked.shows('forged');
  await attacked.type('still here\n');
  await attacked.shows('still here');
});
