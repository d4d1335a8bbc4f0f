import type { HostView } from './host-view.js';
import { readHostView } from './host-view.js';

/** The process that owns engine objects, described so that its death can be proved later by another process. */
export interface ControllerIdentity {
  readonly platform: string;
  /** Which machine, hashed: machine id and host name together, since cloned machines share the first. */
  readonly machine: string;
  /** Which boot of it; Linux only. */
  readonly bootId?: string;
  /** Process and time namespace; Linux only. Process ids and start times mean nothing outside of them. */
  readonly namespaces?: string;
  readonly pid: number;
  /** When the process started, in clock ticks since boot; Linux only. Tells a reused process id apart. */
  readonly startTime?: string;
}

/** This process as a controller. */
export function currentController(host: HostView = readHostView()): ControllerIdentity {
  const self = host.readProcess(host.pid);
  return {
    platform: host.platform,
    machine: host.machine,
    ...(host.bootId === undefined ? {} : { bootId: host.bootId }),
    ...(host.namespaces === undefined ? {} : { namespaces: host.namespaces }),
    pid: host.pid,
    ...(self.status === 'present' ? { startTime: self.startTime } : {}),
  };
}

const version = '1';
const absent = '-';

/** A controller as one label value. */
export function formatController(controller: ControllerIdentity): string {
  const { platform, machine, bootId = absent, namespaces = absent, pid, startTime = absent } = controller;
  return [version, platform, machine, bootId, namespaces, pid, startTime].join('/');
}

const form = /^1\/([a-z0-9]+)\/([0-9a-f]+)\/([0-9a-f-]+)\/([0-9.-]+)\/([1-9]\d{0,9})\/(\d+|-)$/u;

/** Reads a label value; `undefined` if it is none, and then nothing is known of the owner. */
export function parseController(label: string): ControllerIdentity | undefined {
  const [, platform, machine, bootId, namespaces, pid, startTime] = form.exec(label) ?? [];
  if (platform === undefined || machine === undefined || pid === undefined) return undefined;
  return {
    platform,
    machine,
    ...(bootId === undefined || bootId === absent ? {} : { bootId }),
    ...(namespaces === undefined || namespaces === absent ? {} : { namespaces }),
    pid: Number(pid),
    ...(startTime === undefined || startTime === absent ? {} : { startTime }),
  };
}

/**
 * Says whether a controller is dead for certain. Only then may what it owns be removed: whatever is not known
 * (another machine, another process namespace, an unreadable process) counts as alive.
 */
export function isProvablyDead(controller: ControllerIdentity, host: HostView = readHostView()): boolean {
  if (controller.platform !== host.platform || controller.machine !== host.machine) return false;
  if (host.platform !== 'linux') return host.readProcess(controller.pid).status === 'gone';
  if (controller.bootId === undefined || host.bootId === undefined) return false;
  if (controller.bootId !== host.bootId) return true;
  if (controller.namespaces === undefined || controller.namespaces !== host.namespaces) return false;
  const found = host.readProcess(controller.pid);
  if (found.status !== 'present') return found.status === 'gone';
  if (controller.startTime === undefined) return false;
  return found.isZombie || found.startTime !== controller.startTime;
}
