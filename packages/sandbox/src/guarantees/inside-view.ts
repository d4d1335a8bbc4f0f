import type { CallOptions, Counters, SupervisorConnection } from '@paracle/core';
import { OutputCapture } from '../execution/output-capture.js';

const STATUS = '/proc/self/status';
const SWAPS = '/proc/swaps';
const MOUNTS = '/proc/self/mounts';
const ROUTES = '/proc/self/net/route';
const ROUTES_IPV6 = '/proc/self/net/ipv6_route';
/** The supervisor never applies the filter that it puts on commands: what it has is the engine's. */
const SUPERVISOR_STATUS = '/proc/1/status';
const PROBE_TIMEOUT_MS = 10_000;
/** The probe prints 4 KiB of each file at most. */
const MAX_PROBE_BYTES = 64 * 1024;

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
  /** Whether any route leads elsewhere than to loopback. */
  readonly hasRoutes: boolean;
}

/** What each file holds, by the probe's pairs of name and contents; empty where it can't be read. */
function parseProbe(output: string): (file: string) => string {
  const parts = output.split('\0');
  return (file) => parts.find((_part, index) => index % 2 === 1 && parts[index - 1] === file) ?? '';
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

/** @see proc(5): the first column of IPv4 routes, and the last of IPv6 routes, names the interface. */
function hasRoutes(ipv4: string, ipv6: string): boolean {
  const interfaces = [
    ...ipv4
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/\s/u)[0]),
    ...ipv6
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/u).at(-1)),
  ];
  return interfaces.some((name) => name !== undefined && name !== '' && name !== 'lo');
}

/** Blanks and backslashes stand there as `\040`, in octal. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/gu, (_all, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** A sandbox that is paused answers nothing. */
async function orGivenUp<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  work.catch(() => undefined);
  signal.throwIfAborted();
  const ended = new AbortController();
  const givenUp = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: ended.signal });
  });
  try {
    await Promise.race([work, givenUp]);
    signal.throwIfAborted();
    return await work;
  } finally {
    ended.abort();
  }
}

/** Asks a process with the untrusted identity what it is allowed; no program of the image is involved. */
export async function lookInside(
  connection: SupervisorConnection,
  identity: { readonly uid: number; readonly gid: number },
  { signal, timeoutMs = PROBE_TIMEOUT_MS }: CallOptions,
): Promise<InsideView> {
  const output = new OutputCapture(MAX_PROBE_BYTES);
  const probe = connection.execute(
    {
      kind: 'probe',
      argv: [STATUS, SWAPS, MOUNTS, ROUTES, ROUTES_IPV6, SUPERVISOR_STATUS],
      environment: {},
      workingDirectory: '/',
      ...identity,
      timeoutMs: PROBE_TIMEOUT_MS,
      killGraceMs: 0,
      hasStdin: false,
      keepsBackground: false,
    },
    (_stream, piece) => {
      output.push(piece);
    },
  );
  const limit = AbortSignal.timeout(timeoutMs);
  const givenUp = AbortSignal.any([limit, ...(signal === undefined ? [] : [signal])]);
  try {
    const answers = Promise.all([probe.ended, connection.counters({ signal: givenUp })]);
    const [, counters] = await orGivenUp(answers, givenUp);
    return toInsideView(output.finish().text, counters);
  } finally {
    probe.giveUp(givenUp.reason);
  }
}

/** Reads what the probe printed, and the counters. */
export function toInsideView(probed: string, counters: Counters): InsideView {
  const read = parseProbe(probed);
  const status = read(STATUS);
  const field = (name: string): string => new RegExp(`^${name}:[\\t ]*(.*)$`, 'mu').exec(status)?.[1] ?? '';
  return {
    uid: allEqual(field('Uid')),
    gid: allEqual(field('Gid')),
    supplementaryGroups: field('Groups').trim(),
    hasCapabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].some((name) => !/^0+$/u.test(field(name))),
    hasNoNewPrivileges: field('NoNewPrivs') === '1',
    hasSeccomp: /^Seccomp:\s*2$/mu.test(read(SUPERVISOR_STATUS)),
    hasSwap: read(SWAPS).trim().split('\n').length > 1,
    ...(counters.memoryLimitBytes !== undefined && { memoryLimitBytes: counters.memoryLimitBytes }),
    ...(counters.pidsLimit !== undefined && { pidsLimit: counters.pidsLimit }),
    mounts: parseMounts(read(MOUNTS)),
    hasRoutes: hasRoutes(read(ROUTES), read(ROUTES_IPV6)),
  };
}

/** The one id of a `Uid` or `Gid` line; NaN where real, effective, saved and file system ids differ. */
function allEqual(line: string): number {
  const ids = new Set(line.split(/\s+/u));
  return ids.size === 1 ? Number([...ids][0]) : Number.NaN;
}
