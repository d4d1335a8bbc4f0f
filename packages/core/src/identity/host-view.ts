import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { readText } from '../reading/read-fields.js';
import { parseProcessStat } from './parse-process-stat.js';

/** What is known of one process. `unknown` means that it may live. */
export type ProcessView =
  | { readonly status: 'present'; readonly startTime: string; readonly isZombie: boolean }
  | { readonly status: 'gone' }
  | { readonly status: 'unknown' };

/** This machine as far as it tells controllers apart. */
export interface HostView {
  readonly platform: string;
  readonly machine: string;
  readonly bootId?: string | undefined;
  readonly namespaces?: string | undefined;
  readonly pid: number;
  /** Looks at one process. */
  readonly readProcess: (pid: number) => ProcessView;
}

/** Looks at this machine. */
export function readHostView(): HostView {
  const { pid, platform } = process;
  const machineId = readFile('/etc/machine-id') ?? readFile('/var/lib/dbus/machine-id') ?? '';
  const machine = createHash('sha256').update(`${machineId}\0${hostname()}`).digest('hex').slice(0, 24);
  if (platform !== 'linux') return { platform, machine, pid, readProcess: readForeignProcess };
  return {
    platform,
    machine,
    bootId: readFile('/proc/sys/kernel/random/boot_id'),
    namespaces: readNamespaces(),
    pid,
    readProcess: readLinuxProcess,
  };
}

/** Start times are shifted by the time namespace, so that counts as well. Absent where /proc is not this process's own. */
function readNamespaces(): string | undefined {
  const own = parseProcessStat(readFile('/proc/self/stat') ?? '');
  if (own?.pid !== process.pid) return undefined;
  const names = ['pid', 'time'].map((name) => readNamespace(name));
  return names[0] === undefined ? undefined : names.map((name) => name ?? '0').join('.');
}

function readNamespace(name: string): string | undefined {
  try {
    return /\[(\d+)\]/u.exec(readlinkSync(`/proc/self/ns/${name}`))?.[1];
  } catch {
    return undefined;
  }
}

/** A process that /proc hides (`hidepid`) still answers a signal with EPERM. */
function readLinuxProcess(pid: number): ProcessView {
  const stat = parseProcessStat(readFile(`/proc/${pid}/stat`) ?? '');
  return stat === undefined ? readForeignProcess(pid) : { status: 'present', ...stat };
}

function readForeignProcess(pid: number): ProcessView {
  try {
    process.kill(pid, 0);
    return { status: 'unknown' };
  } catch (error) {
    return { status: readText(error, ['code']) === 'ESRCH' ? 'gone' : 'unknown' };
  }
}

function readFile(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}
