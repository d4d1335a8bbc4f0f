import type { ContainerDescription } from '@paracle/core';
import { REQUIRABLE_LIMITS, type ResolvedSandboxConfig } from '../config/sandbox-config.js';
import { type DiskPlan, tmpfsBytes } from '../disk/plan-disk.js';
import type { SandboxGuarantees } from './guarantees.js';
import type { InsideMount, InsideView } from './inside-view.js';

const MEBIBYTE = 1024 * 1024;

function readProperty(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function readNumber(value: unknown, name: string): number | undefined {
  const found = readProperty(value, name);
  return typeof found === 'number' && found > 0 ? found : undefined;
}

function readText(value: unknown, name: string): string {
  const found = readProperty(value, name);
  return typeof found === 'string' ? found : '';
}

/** Writable mounts that every container has and that hold no files of commands. */
const HARMLESS_MOUNTS: ReadonlySet<string> = new Set([
  '/.paracle/store',
  '/dev',
  '/dev/mqueue',
  '/dev/pts',
  '/etc/hostname',
  '/etc/hosts',
  '/etc/resolv.conf',
]);

/** Whether something else than the parts could be filled. */
function isStray({ path, isReadOnly }: InsideMount, parts: readonly { readonly path: string }[]): boolean {
  if (isReadOnly || HARMLESS_MOUNTS.has(path) || /^\/(?:proc|sys)(?:\/|$)/u.test(path)) return false;
  return parts.every((part) => part.path !== path);
}

/** Space for files: a quota as the engine reports it, or what is mounted inside while nothing else is writable. */
function computeDisk(hostConfig: unknown, inside: InsideView, disk: DiskPlan): SandboxGuarantees['disk'] {
  const none = { enforcement: 'none', mechanism: 'none' } as const;
  if (disk.mechanism === 'quota') {
    const storage: unknown = readProperty(hostConfig, 'StorageOpt');
    const sizeBytes = Number(readText(storage, 'size'));
    if (!(sizeBytes > disk.imageBytes)) return none;
    return { enforcement: 'hard', mechanism: 'quota', limitBytes: sizeBytes - disk.imageBytes };
  }
  const root = inside.mounts.filter(({ path }) => path === '/').at(-1);
  if (disk.mechanism === 'none' || root?.isReadOnly !== true) return none;
  const parts = disk.parts.flatMap(({ path }) => {
    const mount = inside.mounts.filter((candidate) => candidate.path === path).at(-1);
    const { sizeBytes, inodes } = mount ?? {};
    if (mount?.type !== 'tmpfs' || sizeBytes === undefined || inodes === undefined) return [];
    return [{ path, limitBytes: sizeBytes, inodes }];
  });
  if (parts.length < disk.parts.length || inside.mounts.some((mount) => isStray(mount, parts))) return none;
  const limitBytes = parts.reduce((sum, part) => sum + part.limitBytes, 0);
  return { enforcement: 'hard', mechanism: 'tmpfs', limitBytes, parts };
}

/** Whether no network is there: neither by what the engine says now, nor by the routes that processes have. */
function isAlone({ networkSettings }: ContainerDescription, inside: InsideView): boolean {
  const networks = readProperty(networkSettings, 'Networks');
  const names = typeof networks === 'object' && networks !== null ? Object.keys(networks) : [];
  return names.every((name) => name === 'none') && !inside.hasRoutes;
}

/** What is weaker than the default or was never tried, in plain sentences. */
function findWeaknesses(disk: SandboxGuarantees['disk'], runtime: string): string[] {
  return [
    ...(disk.enforcement === 'none'
      ? ['No limit on disk space is in force: a sandbox can fill the disk of the engine.']
      : []),
    ...(runtime === 'runc' ? [] : [`The runtime ${runtime} was never verified with Paracle.`]),
  ];
}

/** What holds, from both sides: what the engine says it set, and what is seen to be in force inside. */
export function computeGuarantees(
  described: ContainerDescription,
  inside: InsideView,
  plan: DiskPlan,
): SandboxGuarantees {
  const { hostConfig } = described;
  const disk = computeDisk(hostConfig, inside, plan);
  const inMemory = disk.parts?.map(({ limitBytes, inodes }) => ({ sizeBytes: limitBytes, inodes })) ?? [];
  const nanoCpus = readNumber(hostConfig, 'NanoCpus');
  const memory = readNumber(hostConfig, 'Memory');
  const memorySwap = readNumber(hostConfig, 'MemorySwap');
  const isMemoryHard = memory !== undefined && inside.memoryLimitBytes === memory;
  const isSwapPinned = !inside.hasSwap || (memory !== undefined && memorySwap === memory);
  const mode = readText(hostConfig, 'NetworkMode');
  return {
    memory: {
      enforcement: isMemoryHard ? 'hard' : 'none',
      ...(inside.memoryLimitBytes !== undefined && { limitBytes: inside.memoryLimitBytes }),
      ...(inMemory.length > 0 && { reservedForFilesBytes: tmpfsBytes(inMemory) }),
    },
    swap: isSwapPinned ? { enforcement: 'hard', limitBytes: 0 } : { enforcement: 'none' },
    cpu: nanoCpus === undefined ? { enforcement: 'none' } : { enforcement: 'hard', cores: nanoCpus / 1e9 },
    pids: inside.pidsLimit === undefined ? { enforcement: 'none' } : { enforcement: 'hard', limit: inside.pidsLimit },
    disk,
    time: { enforcement: 'hard' },
    network: { enforcement: mode === 'none' && isAlone(described, inside) ? 'hard' : 'none', mode },
    privileges: {
      uid: inside.uid,
      gid: inside.gid,
      hasCapabilities: inside.hasCapabilities,
      hasNoNewPrivileges: inside.hasNoNewPrivileges,
      hasSeccomp: inside.hasSeccomp,
    },
    weaknesses: findWeaknesses(disk, readText(hostConfig, 'Runtime')),
  };
}

/** Never more than was asked for; whole pages may make it a little less. */
function isDiskAsAsked(disk: SandboxGuarantees['disk'], config: ResolvedSandboxConfig): boolean {
  if (config.diskMb === undefined && !config.readOnlyFilesystem) return true;
  return (
    disk.enforcement === 'hard' &&
    (config.diskMb === undefined || (disk.limitBytes ?? Infinity) <= config.diskMb * MEBIBYTE)
  );
}

/** Where the guarantees fall short of what was asked for and of what is always promised. */
export function findShortfalls(
  guarantees: SandboxGuarantees,
  config: ResolvedSandboxConfig,
  inside: InsideView,
): string[] {
  const { memory, swap, cpu, pids, disk, network, privileges } = guarantees;
  const checks: [boolean, string][] = [
    [
      memory.limitBytes === config.memoryMb * MEBIBYTE + (memory.reservedForFilesBytes ?? 0),
      `memory is limited to ${memory.limitBytes ?? 'nothing'} inside`,
    ],
    [swap.enforcement === 'hard', 'swap is not limited, so memory is not'],
    [cpu.enforcement === 'hard', 'CPU time is not limited'],
    [pids.limit === config.pidsLimit, `processes are limited to ${pids.limit ?? 'nothing'} inside`],
    [isDiskAsAsked(disk, config), `disk space is limited to ${disk.limitBytes ?? 'nothing'}`],
    [network.enforcement === 'hard', `the network mode is ${network.mode}, and a network may be there`],
    [privileges.uid > 0 && privileges.gid > 0, 'untrusted processes run as root'],
    [inside.supplementaryGroups === '', `untrusted processes are in groups ${inside.supplementaryGroups}`],
    [!privileges.hasCapabilities, 'untrusted processes hold capabilities'],
    [privileges.hasNoNewPrivileges, 'untrusted processes can gain privileges'],
    [privileges.hasSeccomp, 'no seccomp filter is in force'],
  ];
  for (const limit of REQUIRABLE_LIMITS) {
    const isMet = !config.require.includes(`${limit}.hard`) || guarantees[limit].enforcement === 'hard';
    checks.push([isMet, `${limit}.hard was required and does not hold`]);
  }
  return checks.filter(([holds]) => !holds).map(([, sentence]) => sentence);
}
