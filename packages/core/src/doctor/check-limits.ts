import type { EngineCapabilities } from '../capabilities/engine-capabilities.js';
import type { DoctorFinding } from './doctor-report.js';

interface LimitCheck {
  readonly id: string;
  readonly title: string;
  readonly isPresent: (capabilities: EngineCapabilities) => boolean;
  readonly present: string;
  readonly absent: string;
  readonly remedy: string;
}

const checks: readonly LimitCheck[] = [
  {
    id: 'memory-limit',
    title: 'Memory limit',
    isPresent: ({ hasMemoryLimit }) => hasMemoryLimit,
    present: 'A sandbox can’t use more memory than it was given.',
    absent: 'This engine can’t limit memory: one sandbox can exhaust the host.',
    remedy: 'Enable the memory cgroup (`cgroup_enable=memory` on the kernel’s command line) and restart the engine.',
  },
  {
    id: 'swap-limit',
    title: 'Swap limit',
    isPresent: ({ hasSwapLimit, cgroupVersion }) => hasSwapLimit || cgroupVersion === '2',
    present: 'Swap counts against the memory limit.',
    absent: 'This engine can’t limit swap: on a host with swap a sandbox can use more than its memory limit.',
    remedy: 'Boot with `swapaccount=1`, or turn swap off on the host.',
  },
  {
    id: 'pids-limit',
    title: 'Process limit',
    isPresent: ({ hasPidsLimit }) => hasPidsLimit,
    present: 'A fork bomb is stopped at the sandbox’s own limit.',
    absent: 'This engine can’t limit processes: a fork bomb can take the host down.',
    remedy: 'Enable the pids cgroup; with rootless Docker, delegate it to the user.',
  },
  {
    id: 'cpu-limit',
    title: 'CPU limit',
    isPresent: ({ hasCpuCfsQuota }) => hasCpuCfsQuota,
    present: 'A sandbox can’t use more CPU than it was given.',
    absent: 'This engine can’t limit CPU: a busy sandbox slows down everything on the host.',
    remedy: 'Use a kernel with CFS bandwidth control; with rootless Docker, delegate the cpu cgroup to the user.',
  },
];

/** Says which resource limits the engine can enforce. A limit that it can't is refused, never ignored. */
export function checkLimits(capabilities: EngineCapabilities): readonly DoctorFinding[] {
  return checks.map(({ id, title, isPresent, present, absent, remedy }) =>
    isPresent(capabilities)
      ? { id, title, status: 'ok', explanation: present }
      : { id, title, status: id === 'swap-limit' ? 'warning' : 'problem', explanation: absent, remedy },
  );
}
