import { type ContainerDescription, coreErrorCodes, type Engine, hasCode } from '@paracle/core';
import { z } from 'zod';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';

/** Runtimes whose processes use the network stack of the kernel that holds the rules; gVisor and Kata bring their own. */
const KERNEL_RUNTIMES: readonly string[] = ['runc', 'io.containerd.runc.v2', 'crun', 'youki'];

/** Each voids rules in a namespace: the first two pass them by or change them, the rest can get these, or a socket. */
const VOIDING_CAPABILITIES: readonly string[] = [
  ...[
    'NET_RAW',
    'NET_ADMIN',
    'SYS_ADMIN',
    'SYS_MODULE',
    'SYS_PTRACE',
    'SYS_RAWIO',
    'DAC_READ_SEARCH',
    'BPF',
    'PERFMON',
  ],
];

/** Whoever may use these is root on the host. */
const ENGINE_SOCKET = /\/(?:docker|containerd)\.sock$/u;

const names = z
  .array(z.string())
  .nullish()
  .transform((list) => (list ?? []).map((name) => name.toUpperCase().replace(/^CAP_/u, '')));

const hostConfigSchema = z.object({
  NetworkMode: z.string(),
  PidMode: z.string().default(''),
  Privileged: z.boolean().default(false),
  Runtime: z.string().default('runc'),
  CapAdd: names,
  CapDrop: names,
  RestartPolicy: z.object({ Name: z.string() }).default({ Name: 'no' }),
});

const networksSchema = z.object({
  Networks: z.record(z.string(), z.object({ NetworkID: z.string().default(''), IPAddress: z.string().default('') })),
});

/** Where a container is connected, as the engine tells. */
export interface Membership {
  readonly name: string;
  readonly networkId: string;
  /** Empty where it has none. */
  readonly address: string;
}

/** The networks that a container is connected to; `none` counts as one. */
export function listMemberships({ networkSettings }: ContainerDescription): readonly Membership[] {
  return Object.entries(networksSchema.parse(networkSettings).Networks).map(([name, { NetworkID, IPAddress }]) => {
    return { name, networkId: NetworkID, address: IPAddress };
  });
}

/** {@link listMemberships} of a container as it is now; none, once it is removed. */
export async function findMemberships(engine: Engine, containerId: string): Promise<readonly Membership[]> {
  try {
    return listMemberships(await engine.containers.inspect(containerId));
  } catch (error) {
    if (hasCode(error, coreErrorCodes.engineContainerNotFound)) return [];
    throw error;
  }
}

/** The runtime that runs a container. */
export function runtimeOf({ hostConfig }: ContainerDescription): string {
  return hostConfigSchema.parse(hostConfig).Runtime;
}

/**
 * Refuses a container that rules in its namespace would not hold, or that has a network already.
 * @throws IsolationError `PARACLE_ISOLATION_UNENFORCEABLE` with each reason and what to do.
 */
export function checkContainer(container: ContainerDescription): void {
  const problems = [...findProblems(container)];
  if (problems.length === 0) return;
  throw new IsolationError(
    isolationErrorCodes.unenforceable,
    `A policy would not hold for container ${container.name}: ${problems.map(({ problem }) => problem).join('; ')}`,
    {
      details: { containerId: container.id, problems: problems.map(({ problem }) => problem) },
      suggestion: problems.map(({ remedy }) => remedy).join(' '),
    },
  );
}

/** Why a policy would not hold, and what to do. */
interface Problem {
  readonly problem: string;
  readonly remedy: string;
}

function* findProblems(container: ContainerDescription): Generator<Problem> {
  const config = hostConfigSchema.parse(container.hostConfig);
  if (!container.state.isRunning || container.state.isPaused) {
    yield { problem: `it is ${container.state.status}`, remedy: 'Start it, without a network.' };
  }
  yield* findPrivileges(container, config);
  if (config.RestartPolicy.Name !== 'no' && config.RestartPolicy.Name !== '') {
    yield {
      problem: `the engine restarts it (${config.RestartPolicy.Name}), and a new life begins without rules`,
      remedy: 'Start it with --restart no.',
    };
  }
  const others = listMemberships(container).filter(({ name }) => name !== 'none');
  if (config.NetworkMode === 'host' || config.NetworkMode.startsWith('container:')) {
    yield { problem: `its network is that of ${config.NetworkMode}`, remedy: 'Start it with --network none.' };
  } else if (others.length > 0) {
    yield {
      problem: `it is on ${others.map(({ name }) => name).join(', ')} already`,
      remedy: 'Start it with --network none, so that nothing gets out before the rules are in force.',
    };
  }
}

type HostConfig = z.infer<typeof hostConfigSchema>;

/** What lets a container pass rules by, or get at what does. */
function* findPrivileges({ mounts }: ContainerDescription, config: HostConfig): Generator<Problem> {
  if (config.Privileged) {
    yield { problem: 'it is privileged', remedy: 'Start it without --privileged.' };
  }
  const held = VOIDING_CAPABILITIES.filter((name) => hasCapability(config, name));
  if (held.length > 0) {
    yield {
      problem: `it may have ${held.join(', ')}`,
      remedy: `Start it with ${held.map((name) => `--cap-drop ${name}`).join(' ')}; engines grant NET_RAW unless told otherwise.`,
    };
  }
  if (config.PidMode !== '') {
    yield { problem: `it sees the processes of ${config.PidMode}`, remedy: 'Start it without --pid.' };
  }
  const socket = mounts.find(({ source = '' }) => ENGINE_SOCKET.test(source));
  if (socket !== undefined) {
    yield { problem: `it has the engine's socket at ${socket.destination}`, remedy: 'Start it without that mount.' };
  }
  if (!KERNEL_RUNTIMES.includes(config.Runtime)) {
    yield {
      problem: `its runtime ${config.Runtime} may bring a network stack of its own`,
      remedy: `Use one of ${KERNEL_RUNTIMES.join(', ')}.`,
    };
  }
}

function hasCapability({ CapAdd, CapDrop }: HostConfig, name: string): boolean {
  if (CapAdd.includes('ALL')) return !CapDrop.includes(name);
  if (CapAdd.includes(name)) return true;
  return name === 'NET_RAW' && !CapDrop.includes('ALL') && !CapDrop.includes(name);
}
