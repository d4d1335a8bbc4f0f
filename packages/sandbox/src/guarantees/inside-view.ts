import type { SupervisorConnection } from '@paracle/core';

const STATUS = '/proc/self/status';
const SWAPS = '/proc/swaps';
const MOUNTS = '/proc/self/mounts';
const PROBE_TIMEOUT_MS = 10_000;

/** A file system as an untrusted process sees it. */
export interface InsideMount {
  readonly path: string;
  readonly type: string;
  readonly isReadOnly: boolean;
  /** Of a file system in memory. */
  readonly sizeBytes?: number;
  readonly inodes?: number;
}

/** What an untrusted process sees of itself. */
export interface InsideView {
  readonly uid: number;
  readonly gid: number;
  readonly supplementaryGroups: string;
  readonly hasCapabilities: boolean;
  readonly hasNoNewPrivileges: boolean;
  readonly hasSeccomp: boolean;
  /** Whether the host has swap at all. */
  readonly hasSwap: boolean;
  readonly memoryLimitBytes?: number;
  readonly pidsLimit?: number;
  readonly mounts: readonly InsideMount[];
}

function parseProbe(output: string): ReadonlyMap<string, string> {
  const parts = output.split('\0');
  const files = new Map<string, string>();
  for (let i = 0; i + 1 < parts.length; i += 2) files.set(parts[i] ?? '', parts[i + 1] ?? '');
  return files;
}

/** @see proc(5), /proc/PID/mounts: device, path, type and options, parted by blanks; sizes of tmpfs in KiB */
function parseMounts(text: string): InsideMount[] {
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([, path, type, options]) => {
      if (path === undefined || type === undefined || options === undefined) return [];
      const kibibytes = /(?:^|,)size=(\d+)k/u.exec(options)?.[1];
      const inodes = /(?:^|,)nr_inodes=(\d+)(?:,|$)/u.exec(options)?.[1];
      return [
        {
          path: unescape(path),
          type,
          isReadOnly: /^ro(?:,|$)/u.test(options),
          ...(kibibytes !== undefined && { sizeBytes: Number(kibibytes) * 1024 }),
          ...(inodes !== undefined && { inodes: Number(inodes) }),
        },
      ];
    });
}

/** Blanks and backslashes stand there as `\040`, in octal. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/gu, (_all, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** Asks a process with the untrusted identity what it is allowed; no program of the image is involved. */
export async function lookInside(
  connection: SupervisorConnection,
  identity: { readonly uid: number; readonly gid: number },
): Promise<InsideView> {
  let output = '';
  const probe = connection.execute(
    {
      kind: 'probe',
      argv: [STATUS, SWAPS, MOUNTS],
      environment: {},
      workingDirectory: '/',
      ...identity,
      timeoutMs: PROBE_TIMEOUT_MS,
      killGraceMs: 0,
      hasStdin: false,
      keepsBackground: false,
    },
    (_stream, piece) => {
      output += piece.toString('latin1');
    },
  );
  const [, counters] = await Promise.all([probe.ended, connection.counters()]);
  const files = parseProbe(output);
  const status = files.get(STATUS) ?? '';
  const field = (name: string): string => new RegExp(`^${name}:[\\t ]*(.*)$`, 'mu').exec(status)?.[1] ?? '';
  return {
    uid: allEqual(field('Uid')),
    gid: allEqual(field('Gid')),
    supplementaryGroups: field('Groups').trim(),
    hasCapabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].some((name) => !/^0+$/u.test(field(name))),
    hasNoNewPrivileges: field('NoNewPrivs') === '1',
    hasSeccomp: field('Seccomp') === '2',
    hasSwap: (files.get(SWAPS) ?? '').trim().split('\n').length > 1,
    ...(counters.memoryLimitBytes !== undefined && { memoryLimitBytes: counters.memoryLimitBytes }),
    ...(counters.pidsLimit !== undefined && { pidsLimit: counters.pidsLimit }),
    mounts: parseMounts(files.get(MOUNTS) ?? ''),
  };
}

/** The one id of a `Uid` or `Gid` line; NaN where real, effective, saved and file system ids differ. */
function allEqual(line: string): number {
  const ids = new Set(line.split(/\s+/u));
  return ids.size === 1 ? Number([...ids][0]) : Number.NaN;
}
