/** What the filter of system calls says, instruction by instruction: for an architecture whose kernel is not at hand. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '../build.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, '..', 'src');

/** The kernel's name of each architecture in a filter. Source: include/uapi/linux/audit.h of the kernel. */
const AUDIT_ARCH = { amd64: 0xc000003e, i386: 0x40000003, arm64: 0xc00000b7, arm: 0x40000028 };
const EMULATED = { amd64: 'i386', arm64: 'arm' };

/** Source: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of the kernel. */
const NUMBERS = {
  amd64: {
    ...{ read: 0, openat: 257, mmap: 9, execve: 59, futex: 202, connect: 42, ioctl: 16, socket: 41, socketpair: 53 },
    ...{ add_key: 248, request_key: 249, keyctl: 250, bpf: 321, perf_event_open: 298, userfaultfd: 323, setns: 308 },
    ...{ clone: 56, unshare: 272, clone3: 435, io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427 },
  },
  arm64: {
    ...{
      read: 63,
      openat: 56,
      mmap: 222,
      execve: 221,
      futex: 98,
      connect: 203,
      ioctl: 29,
      socket: 198,
      socketpair: 199,
    },
    ...{ add_key: 217, request_key: 218, keyctl: 219, bpf: 280, perf_event_open: 241, userfaultfd: 282, setns: 268 },
    ...{ clone: 220, unshare: 97, clone3: 435, io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427 },
  },
};

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
const ALWAYS_REFUSED = {
  ...{ add_key: EPERM, request_key: EPERM, keyctl: EPERM, bpf: EPERM, perf_event_open: EPERM, userfaultfd: EPERM },
  ...{ setns: EPERM, clone3: ENOSYS, io_uring_setup: ENOSYS, io_uring_enter: ENOSYS, io_uring_register: ENOSYS },
};
const SIGCHLD = 17;
const NAMESPACES = { time: 0x80, mount: 0x20000, cgroup: 0x2000000, uts: 0x4000000, ipc: 0x8000000 };
const MORE_NAMESPACES = { user: 0x10000000, pid: 0x20000000, network: 0x40000000 };
/** CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID: how a thread is made. */
const THREAD = 0x3d0f00;
const FAMILIES = { unix: 1, inet: 2, inet6: 10, netlink: 16 };
const OTHER_FAMILIES = { none: 0, ax25: 3, alg: 38, vsock: 40, packet: 17 };
const TERMINAL = { TCGETS: 0x5401, TIOCSTI: 0x5412, TIOCLINUX: 0x541c };

/** Builds the filter for an architecture and asks it about calls; resolves with how many. An emulator runs what is built. */
export function checkFilter(arch, emulator) {
  const numbers = NUMBERS[arch];
  const judge = readFilter(arch, emulator);
  let count = 0;
  const expectVerdict = (expected, title, call) => {
    assert.equal(judge({ arch: AUDIT_ARCH[arch], ...call }), expected, `${arch}: ${title}`);
    count++;
  };
  for (const [name, number] of Object.entries(ALWAYS_REFUSED)) {
    expectVerdict(number, name, { number: numbers[name] });
  }
  for (const [name, flag] of Object.entries({ ...NAMESPACES, ...MORE_NAMESPACES })) {
    expectVerdict(EPERM, `unshare ${name}`, { number: numbers.unshare, args: [flag] });
    if (name !== 'time') expectVerdict(EPERM, `clone ${name}`, { number: numbers.clone, args: [flag | SIGCHLD] });
  }
  for (const flags of [SIGCHLD, THREAD]) expectVerdict('allow', 'clone', { number: numbers.clone, args: [flags] });
  for (const name of ['socket', 'socketpair']) {
    for (const family of Object.values(FAMILIES))
      expectVerdict('allow', name, { number: numbers[name], args: [family] });
    for (const family of Object.values(OTHER_FAMILIES)) {
      expectVerdict(EAFNOSUPPORT, `${name} ${family}`, { number: numbers[name], args: [family] });
    }
  }
  for (const [name, request] of Object.entries(TERMINAL)) {
    expectVerdict(name === 'TCGETS' ? 'allow' : EPERM, name, { number: numbers.ioctl, args: [0, request] });
  }
  for (const name of ['read', 'openat', 'mmap', 'execve', 'futex', 'connect']) {
    expectVerdict('allow', name, { number: numbers[name] });
  }
  for (const other of [EMULATED[arch], arch === 'amd64' ? 'arm64' : 'amd64']) {
    expectVerdict(ENOSYS, `read of ${other}`, { arch: AUDIT_ARCH[other], number: numbers.read });
  }
  expectVerdict(ENOSYS, 'read of x32', { number: 0x40000000 + numbers.read });
  const refused = Array.from({ length: 1024 }, (_, number) => number).filter((number) => {
    return judge({ arch: AUDIT_ARCH[arch], number, args: [FAMILIES.unix, 0] }) !== 'allow';
  });
  const expected = Object.keys(ALWAYS_REFUSED).map((name) => numbers[name]);
  assert.deepEqual(
    refused,
    expected.sort((a, b) => a - b),
    `${arch}: refused whatever the arguments`,
  );
  return count + 1;
}

function readFilter(arch, emulator) {
  const folder = mkdtempSync(join(tmpdir(), 'paracle-filter-'));
  try {
    const program = join(folder, 'print-filter');
    const args = ['-std=c11', '-D_GNU_SOURCE', '-static', '-Wl,--wrap=prctl', `-I${sources}`];
    compile(arch, [...args, join(sources, 'filter.c'), join(here, 'print-filter.c')], program);
    const [command, ...rest] = [...(emulator === undefined ? [] : [emulator]), program];
    return judgeWith(execFileSync(command, rest));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The machine that the kernel runs such programs on. Source: Documentation/networking/filter.rst of the kernel. */
function judgeWith(program) {
  return ({ number, arch, args = [] }) => {
    const data = new Map([[0, number], [4, arch], ...args.map((value, index) => [16 + 8 * index, value])]);
    let loaded = 0;
    for (let at = 0; ; at += 8) {
      const operand = program.readUInt32LE(at + 4);
      const jump = (isTrue) => 8 * program[at + (isTrue ? 2 : 3)];
      const code = program.readUInt16LE(at);
      if (code === 0x20) loaded = data.get(operand) ?? 0;
      else if (code === 0x15) at += jump(loaded === operand);
      else if (code === 0x35) at += jump(loaded >= operand);
      else if (code === 0x45) at += jump((loaded & operand) !== 0);
      else if (code === 0x06) return verdict(operand);
      else throw new Error(`Expected an instruction that is known, got ${code.toString(16)} at ${at / 8}`);
    }
  };
}

function verdict(value) {
  if (value === 0x7fff0000) return 'allow';
  assert.equal(value >>> 16, 5, 'the call fails');
  return value & 0xffff;
}
