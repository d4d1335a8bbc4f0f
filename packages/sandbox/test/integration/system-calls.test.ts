import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { SandboxManager } from '../../src/index.js';

it('forbids the system calls that kernels were broken through, and none that programs need', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const program = await readFile(new URL('support/system-calls.py', import.meta.url), 'utf8');
  const { stdout } = await sandbox.execute(['python3', '-Sc', program], { check: true });
  const outcomes = Object.entries(JSON.parse(stdout) as Readonly<Record<string, string>>);

  expect(Object.fromEntries(outcomes.filter(([name]) => !name.startsWith('useful')))).toEqual({
    keyctl: 'EPERM',
    add_key: 'EPERM',
    request_key: 'EPERM',
    io_uring_setup: 'ENOSYS',
    bpf: 'EPERM',
    perf_event_open: 'EPERM',
    userfaultfd: 'EPERM',
    setns: 'EPERM',
    clone3: 'ENOSYS',
    unshare: 'EPERM',
    clone: 'EPERM',
    AF_VSOCK: 'EAFNOSUPPORT',
    AF_ALG: 'EAFNOSUPPORT',
    AF_PACKET: 'EAFNOSUPPORT',
    AF_KEY: 'EAFNOSUPPORT',
    AF_BLUETOOTH: 'EAFNOSUPPORT',
    TIOCSTI: 'EPERM',
    TIOCSETD: 'EPERM',
  });
  expect(outcomes.filter(([name, outcome]) => name.startsWith('useful') && outcome !== 'ok')).toEqual([]);
});

it('shows nothing of what else the machine does', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  const { stdout } = await sandbox.execute([
    'sh',
    '-c',
    'cat /proc/interrupts /proc/softirqs /proc/keys /proc/timer_list /proc/kcore | wc -c',
  ]);

  expect(stdout.trim()).toBe('0');
});
