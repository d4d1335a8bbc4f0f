import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { systemCode } from './system-code.js';

/** What tells one process from all others, those with the same id in another life or namespace included. An empty text: not known. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, in the system's own form. */
  readonly startedAt: string;
  /** Which boot of the machine. */
  readonly boot: string;
  /** In which namespace `pid` counts. */
  readonly pidNamespace: string;
  readonly host: string;
}

const startTimeField = 19;

/** Where a process stands in Linux' process table. Source: `proc_pid_stat(5)`, fields 3 (state) and 22 (starttime). */
async function readLinuxStart(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return /^[ZXx]/.test(fields[0] ?? '') ? undefined : (fields[startTimeField] ?? '');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ESRCH') return undefined;
    return '';
  }
}

function doesProcessExist(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

/** When a process was started; undefined where no such process runs, empty where it can't be known. */
async function readStart(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return readLinuxStart(pid);
  if (!doesProcessExist(pid)) return undefined;
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim();
  } catch {
    return '';
  }
}

async function readOrEmpty(text: Promise<string>): Promise<string> {
  try {
    return (await text).trim();
  } catch {
    return '';
  }
}

/** The identity of this process. */
export async function readOwnIdentity(): Promise<ProcessIdentity> {
  return {
    pid: process.pid,
    startedAt: (await readStart(process.pid)) ?? '',
    boot: await readOrEmpty(readFile('/proc/sys/kernel/random/boot_id', 'utf8')),
    pidNamespace: await readOrEmpty(readlink('/proc/self/ns/pid')),
    host: hostname(),
  };
}

/** Says whether a process is provably gone. In doubt, as on another machine or in another namespace, it is not. */
export async function isProcessGone(other: ProcessIdentity): Promise<boolean> {
  const own = await readOwnIdentity();
  if (other.boot !== own.boot) return other.host === own.host;
  if (other.pidNamespace !== own.pidNamespace || (own.boot === '' && other.host !== own.host)) return false;
  const startedAt = await readStart(other.pid);
  if (startedAt === undefined) return true;
  return startedAt !== '' && other.startedAt !== '' && startedAt !== other.startedAt;
}
