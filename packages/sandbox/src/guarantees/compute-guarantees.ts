import { type ContainerDescription, findRuncHoles } from '@paracle/core';
import { type DiskPlan, tmpfsBytes } from '../disk/plan-disk.js';
import { computeDisk } from './compute-disk.js';
import type { Enforcement, SandboxGuarantees } from './guarantees.js';
import type { InsideView } from './inside-view.js';
import { readNumber, readProperty, readText } from './read-property.js';

/**
 * Either no network is there, neither by what the engine says now nor by the routes that processes have; or one alone,
 * whose enforcer has just seen that its policy is in force.
 */
function computeNetwork(
  { hostConfig, networkSettings }: ContainerDescription,
  inside: InsideView,
  networkId: string | undefined,
): SandboxGuarantees['network'] {
  const networks = readProperty(networkSettings, 'Networks');
  const joined = typeof networks === 'object' && networks !== null ? Object.entries(networks) : [];
  const others = joined.filter(([name, network]) => name !== 'none' && readText(network, 'NetworkID') !== networkId);
  const mode = readText(hostConfig, 'NetworkMode');
  if (mode !== 'none') return { enforcement: 'none', mode };
  if (others.length > 0) return { enforcement: 'none', mode: others.map(([name]) => name).join(', ') };
  if (networkId !== undefined) return { enforcement: 'hard', mode: 'policy', networkId };
  return inside.hasRoutes ? { enforcement: 'none', mode: 'unknown' } : { enforcement: 'hard', mode: 'none' };
}

/** In an order of their own: the engine has none. */
function findMounts({ mounts }: ContainerDescription, inside: InsideView): SandboxGuarantees['mounts'] {
  return mounts
    .filter(({ type }) => type === 'bind')
    .map(({ source = '', destination, isWritable }) => {
      const seen = inside.mounts.filter(({ path }) => path === destination).at(-1);
      return { source, target: destination, isReadOnly: !isWritable && seen?.isReadOnly === true };
    })
    .sort((one, other) => one.target.localeCompare(other.target));
}

const DISK_WEAKNESSES: Readonly<Partial<Record<Enforcement, string>>> = {
  none: 'No limit on disk space is in force: a sandbox can fill the disk of the engine.',
  soft: 'Disk space is watched, not limited: what is written between two looks, or is open and has no name, is not stopped.',
};

/** What is weaker than the default or was never tried, in plain sentences. */
function findWeaknesses(
  { disk, mounts }: Pick<SandboxGuarantees, 'disk' | 'mounts'>,
  runtime: { readonly name: string; readonly runcVersion: string | undefined },
): string[] {
  const holes = findRuncHoles(runtime.runcVersion) ?? [];
  return [
    DISK_WEAKNESSES[disk.enforcement],
    ...mounts.map(({ source, target, isReadOnly }) =>
      isReadOnly
        ? `Commands can read the host’s ${source}, as ${target}.`
        : `Commands can change the host’s ${source}, as ${target}, and no rollback puts it back.`,
    ),
    runtime.name === 'runc' ? undefined : `The runtime ${runtime.name} was never verified with Paracle.`,
    runtime.name === 'runc' && holes.length > 0
      ? `runc ${runtime.runcVersion} is older than the fix of ${holes.join(', ')}, unless the distribution has patched it.`
      : undefined,
  ].filter((sentence) => sentence !== undefined);
}

interface GuaranteeContext {
  readonly plan: DiskPlan;
  readonly runcVersion: string | undefined;
  /** The network whose policy was just seen to be in force. */
  readonly networkId: string | undefined;
}

/** What holds, from both sides: what the engine says it set, and what is seen to be in force inside. */
export function computeGuarantees(
  described: ContainerDescription,
  inside: InsideView,
  { plan, runcVersion, networkId }: GuaranteeContext,
): SandboxGuarantees {
  const { hostConfig } = described;
  const disk = computeDisk(hostConfig, inside, plan);
  const mounts = findMounts(described, inside);
  const inMemory = disk.parts?.map(({ limitBytes, inodes }) => ({ sizeBytes: limitBytes, inodes })) ?? [];
  const nanoCpus = readNumber(hostConfig, 'NanoCpus');
  const memory = readNumber(hostConfig, 'Memory');
  const memorySwap = readNumber(hostConfig, 'MemorySwap');
  const isMemoryHard = memory !== undefined && inside.memoryLimitBytes === memory;
  const isSwapPinned = !inside.hasSwap || (memory !== undefined && memorySwap === memory);
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
    network: computeNetwork(described, inside, networkId),
    mounts,
    privileges: {
      uid: inside.uid,
      gid: inside.gid,
      hasCapabilities: inside.hasCapabilities,
      hasNoNewPrivileges: inside.hasNoNewPrivileges,
      hasSeccomp: inside.hasSeccomp,
    },
    weaknesses: findWeaknesses({ disk, mounts }, { name: readText(hostConfig, 'Runtime'), runcVersion }),
  };
}
