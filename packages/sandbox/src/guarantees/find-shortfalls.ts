import { REQUIRABLE_LIMITS, type ResolvedSandboxConfig } from '../config/sandbox-config.js';
import type { SandboxGuarantees } from './guarantees.js';
import type { InsideView } from './inside-view.js';

const MEBIBYTE = 1024 * 1024;

/** Never more than was asked for; whole pages may make it a little less. */
function isDiskAsAsked(disk: SandboxGuarantees['disk'], config: ResolvedSandboxConfig): boolean {
  if (config.diskMb === undefined && !config.readOnlyFilesystem) return true;
  const isFirm = disk.enforcement === 'hard' || (disk.enforcement === 'soft' && config.diskEnforcement === 'soft');
  return isFirm && (config.diskMb === undefined || (disk.limitBytes ?? Infinity) <= config.diskMb * MEBIBYTE);
}

/** Each as asked for, and no other. */
function areMountsAsAsked(mounts: SandboxGuarantees['mounts'], config: ResolvedSandboxConfig): boolean {
  const found = mounts.map(({ source, target, isReadOnly }) => JSON.stringify([source, target, isReadOnly]));
  const asked = config.mounts.map(({ source, target, readOnly }) => JSON.stringify([source, target, readOnly]));
  return JSON.stringify(found.sort()) === JSON.stringify(asked.sort());
}

/** Where the guarantees fall short of what was asked for and of what is always promised. */
export function findShortfalls(
  guarantees: SandboxGuarantees,
  config: ResolvedSandboxConfig,
  inside: InsideView,
): string[] {
  const { memory, swap, cpu, pids, disk, network, mounts, privileges } = guarantees;
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
    [areMountsAsAsked(mounts, config), `what is mounted from the host is ${JSON.stringify(mounts)}`],
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
