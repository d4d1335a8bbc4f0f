import type { EngineCapabilities } from '../capabilities/engine-capabilities.js';
import type { DoctorFinding } from './doctor-report.js';

/** Says what stands between a sandbox and the host's kernel and network. */
export function checkIsolation(capabilities: EngineCapabilities): readonly DoctorFinding[] {
  return [
    checkSeccomp(capabilities),
    checkMandatoryAccess(capabilities),
    checkCgroup(capabilities),
    checkUserNamespaces(capabilities),
    checkNetwork(capabilities),
  ];
}

function checkSeccomp({ hasSeccomp, seccompProfile = 'default' }: EngineCapabilities): DoctorFinding {
  const finding = { id: 'seccomp', title: 'System call filter' };
  if (hasSeccomp) {
    return {
      ...finding,
      status: 'ok',
      explanation: `seccomp is on (profile ${seccompProfile}): dangerous system calls are refused.`,
    };
  }
  return {
    ...finding,
    status: 'problem',
    explanation: 'seccomp is off: a sandbox may use every system call, and more of the kernel can be attacked.',
    remedy: 'Use a kernel and an engine with seccomp, and don’t start dockerd with an `unconfined` profile.',
  };
}

function checkMandatoryAccess({ hasAppArmor, hasSelinux }: EngineCapabilities): DoctorFinding {
  const finding = { id: 'mandatory-access', title: 'AppArmor or SELinux' };
  if (hasAppArmor || hasSelinux) {
    return {
      ...finding,
      status: 'ok',
      explanation: `${hasAppArmor ? 'AppArmor' : 'SELinux'} confines containers as a second line.`,
    };
  }
  return {
    ...finding,
    status: 'warning',
    explanation: 'Neither AppArmor nor SELinux confines containers: a second line of defence is missing.',
    remedy: 'Enable AppArmor (Debian, Ubuntu) or SELinux (Fedora, RHEL) on the engine’s host.',
  };
}

function checkCgroup({ cgroupVersion, cgroupDriver }: EngineCapabilities): DoctorFinding {
  const finding = { id: 'cgroup', title: 'Control groups' };
  if (cgroupDriver === 'none') {
    return {
      ...finding,
      status: 'problem',
      explanation: 'The engine has no control groups: no limit at all can be enforced.',
      remedy: 'With rootless Docker, use cgroup v2 and systemd: https://docs.docker.com/engine/security/rootless/tips/',
    };
  }
  if (cgroupVersion === '2') return { ...finding, status: 'ok', explanation: 'cgroup v2 is in use.' };
  return {
    ...finding,
    status: 'warning',
    explanation: `cgroup ${cgroupVersion === '1' ? 'v1' : 'of an unknown version'} is in use: limits hold, but some usage figures are coarser.`,
    remedy: 'Boot the engine’s host with cgroup v2 (`systemd.unified_cgroup_hierarchy=1`).',
  };
}

function checkUserNamespaces({ isRootless, hasUserNamespaces }: EngineCapabilities): DoctorFinding {
  const finding = { id: 'user-namespaces', title: 'User namespaces' };
  if (isRootless || hasUserNamespaces) {
    const how = isRootless ? 'The engine is rootless' : 'User namespaces are on';
    return { ...finding, status: 'ok', explanation: `${how}: root in a container is not root on the host.` };
  }
  return {
    ...finding,
    status: 'warning',
    explanation:
      'Root in a container is root on the host. Sandboxed processes never run as root, but a break-out would meet one barrier less.',
    remedy: 'Use rootless Docker, or start dockerd with `--userns-remap=default`.',
  };
}

/** From Engine 28 on a network can hide the host from its containers. @see https://docs.docker.com/engine/network/drivers/bridge/ */
function checkNetwork({ serverVersion, isRootless }: EngineCapabilities): DoctorFinding {
  const finding = { id: 'network-isolation', title: 'Network isolation' };
  const major = Number(/^\d+/u.exec(serverVersion)?.[0] ?? 0);
  if (major >= 28 && !isRootless) {
    return { ...finding, status: 'ok', explanation: 'Networks can be closed, and the host can be hidden from them.' };
  }
  return {
    ...finding,
    status: 'warning',
    explanation: isRootless
      ? 'Sandboxes without a network are closed. How far rules hold on a rootless engine was not verified.'
      : 'Sandboxes without a network are closed. On other networks the host’s own addresses stay reachable unless rules forbid it.',
    remedy: isRootless
      ? 'Keep `networkMode: none` where it matters.'
      : 'Engine 28 or later can hide the host (`gateway_mode_ipv4=isolated`).',
  };
}
