import type { ContainerDescription } from '@paracle/core';
import type { ResolvedSandboxConfig } from '../config/sandbox-config.js';
import type { SandboxGuarantees } from './guarantees.js';
import type { InsideView } from './inside-view.js';

const MEBIBYTE = 1024 * 1024;

function readNumber(value: unknown, name: string): number | undefined {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === 'number' && found > 0 ? found : undefined;
}

function readText(value: unknown, name: string): string {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === 'string' ? found : '';
}

/** What holds, from both sides: what the engine says it set, and what is seen to be in force inside. */
export function computeGuarantees(described: ContainerDescription, inside: InsideView): SandboxGuarantees {
  const { hostConfig } = described;
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
    },
    swap: isSwapPinned ? { enforcement: 'hard', limitBytes: 0 } : { enforcement: 'none' },
    cpu: nanoCpus === undefined ? { enforcement: 'none' } : { enforcement: 'hard', cores: nanoCpus / 1e9 },
    pids: inside.pidsLimit === undefined ? { enforcement: 'none' } : { enforcement: 'hard', limit: inside.pidsLimit },
    disk: { enforcement: 'none' },
    time: { enforcement: 'hard' },
    network: { enforcement: mode === 'none' ? 'hard' : 'none', mode },
    privileges: {
      uid: inside.uid,
      gid: inside.gid,
      hasCapabilities: inside.hasCapabilities,
      hasNoNewPrivileges: inside.hasNoNewPrivileges,
      hasSeccomp: inside.hasSeccomp,
    },
    weaknesses: ['No limit on disk space is in force: a sandbox can fill the disk of the engine.'],
  };
}

/** Where the guarantees fall short of what was asked for and of what is always promised. */
export function findShortfalls(
  guarantees: SandboxGuarantees,
  config: ResolvedSandboxConfig,
  inside: InsideView,
): string[] {
  const { memory, swap, cpu, pids, network, privileges } = guarantees;
  const checks: [boolean, string][] = [
    [memory.limitBytes === config.memoryMb * MEBIBYTE, `memory is limited to ${memory.limitBytes ?? 'nothing'} inside`],
    [swap.enforcement === 'hard', 'swap is not limited, so memory is not'],
    [cpu.enforcement === 'hard', 'CPU time is not limited'],
    [pids.limit === config.pidsLimit, `processes are limited to ${pids.limit ?? 'nothing'} inside`],
    [network.enforcement === 'hard', `the network mode is ${network.mode}`],
    [privileges.uid > 0 && privileges.gid > 0, 'untrusted processes run as root'],
    [inside.supplementaryGroups === '', `untrusted processes are in groups ${inside.supplementaryGroups}`],
    [!privileges.hasCapabilities, 'untrusted processes hold capabilities'],
    [privileges.hasNoNewPrivileges, 'untrusted processes can gain privileges'],
    [privileges.hasSeccomp, 'no seccomp filter is in force'],
  ];
  return checks.filter(([holds]) => !holds).map(([, sentence]) => sentence);
}
