import { ownerLabels, STORE_DIRECTORY, SUPERVISOR_PATH, type SupervisorMount } from '@paracle/core';
import type { ResolvedSandboxConfig } from '../config/sandbox-config.js';
import { type DiskPlan, type TmpfsPart, tmpfsBytes } from '../disk/plan-disk.js';

const MEBIBYTE = 1024 * 1024;

/**
 * The capabilities of PID 1, each for a reason: SETUID, SETGID and SETPCAP to become the untrusted
 * user with nothing left, KILL to end its processes, DAC_OVERRIDE, CHOWN and FOWNER so that nothing
 * hides from a snapshot and all can be restored.
 */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETPCAP', 'SETUID'];

/**
 * What no process in a sandbox sees: the engine's own list, and what tells of other tenants' work.
 * @see https://github.com/moby/moby/blob/v20.10.24/oci/defaults.go (the engine's list)
 */
const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/softirqs',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** The engine's own list, given by name so that it is looked for afterwards. */
const READ_ONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The body of the engine's create call, and the parts of it that must be found again afterwards. */
export interface ContainerBody {
  readonly body: Readonly<Record<string, unknown>>;
  readonly expected: {
    readonly hostConfig: Readonly<Record<string, unknown>>;
    readonly config: Readonly<Record<string, unknown>>;
  };
}

/** The volume that holds a sandbox's snapshots. */
export function storeVolumeName(sandboxId: string): string {
  return `paracle-store-${sandboxId}`;
}

/** The limits and locks, in the engine's words; each must be found again by inspect. */
function toHostConfig(config: ResolvedSandboxConfig, disk: DiskPlan): Readonly<Record<string, unknown>> {
  const memory = config.memoryMb * MEBIBYTE + tmpfsBytes(disk.mechanism === 'tmpfs' ? disk.parts : []);
  return {
    // A network comes later, once its policy is in force.
    NetworkMode: 'none',
    CapDrop: ['ALL'],
    CapAdd: CAPABILITIES,
    SecurityOpt: ['no-new-privileges'],
    Memory: memory,
    // Equal to Memory: no swap. Left out, the engine would allow as much swap again.
    MemorySwap: memory,
    NanoCpus: Math.round(config.cpuCores * 1e9),
    PidsLimit: config.pidsLimit,
    IpcMode: 'private',
    // Else it would see the names and, with version 2, the counters of the host's other control groups.
    CgroupnsMode: 'private',
    ReadonlyRootfs: disk.mechanism === 'tmpfs',
    MaskedPaths: MASKED_PATHS,
    ReadonlyPaths: READ_ONLY_PATHS,
    // Everything that PID 1 writes would go to the log driver too.
    LogConfig: { Type: 'none', Config: {} },
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    AutoRemove: false,
    ...toUlimits(config),
    ...(config.runtime !== undefined && { Runtime: config.runtime }),
    ...(disk.mechanism === 'quota' && { StorageOpt: { size: String(disk.limitBytes) } }),
    ...(disk.mechanism === 'tmpfs' && { Tmpfs: toTmpfs(disk.parts) }),
  };
}

function toUlimits({ ulimits }: ResolvedSandboxConfig): { readonly Ulimits?: readonly object[] } {
  const given = Object.entries(ulimits).filter(([, limit]) => limit !== undefined);
  return given.length === 0 ? {} : { Ulimits: given.map(([Name, limit]) => ({ Name, Hard: limit, Soft: limit })) };
}

function toTmpfs(parts: readonly TmpfsPart[]): Readonly<Record<string, string>> {
  const toOptions = ({ sizeBytes, inodes, isShared }: TmpfsPart): string =>
    `rw,exec,nosuid,nodev,size=${sizeBytes},nr_inodes=${inodes},mode=${isShared ? '1777' : '0755'}`;
  return Object.fromEntries(parts.map((part) => [part.path, toOptions(part)]));
}

/** What is mounted below the source stays out: the engine would leave it writable in a read-only mount. */
function toBindMount({ source, target, readOnly }: ResolvedSandboxConfig['mounts'][number]): object {
  const BindOptions = { Propagation: 'rprivate', NonRecursive: true };
  return { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly, BindOptions };
}

/** Everything that makes a container a sandbox. */
export function toContainerBody(
  config: ResolvedSandboxConfig,
  options: {
    readonly sandboxId: string;
    readonly imageId: string;
    readonly supervisor: SupervisorMount;
    readonly disk: DiskPlan;
  },
): ContainerBody {
  const { sandboxId, imageId, supervisor, disk } = options;
  const store = {
    Type: 'volume',
    Source: storeVolumeName(sandboxId),
    Target: STORE_DIRECTORY,
    VolumeOptions: { NoCopy: true, Labels: ownerLabels({ purpose: 'store', sandboxId }) },
  };
  const hostConfig = toHostConfig(config, disk);
  const processConfig = { User: '0:0', Entrypoint: [SUPERVISOR_PATH], OpenStdin: true, StdinOnce: true, Tty: false };
  const body = {
    ...processConfig,
    Image: imageId,
    Cmd: [],
    Env: [],
    WorkingDir: '/',
    Hostname: 'sandbox',
    Healthcheck: { Test: ['NONE'] },
    StopSignal: 'SIGTERM',
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Labels: ownerLabels({ purpose: 'sandbox', sandboxId }),
    HostConfig: {
      ...hostConfig,
      Mounts: [supervisor.mount, store, ...config.mounts.map(toBindMount)],
    },
  };
  return { body, expected: { hostConfig, config: processConfig } };
}
