import type { DiskPlan } from '../disk/plan-disk.js';
import type { SandboxGuarantees } from './guarantees.js';
import type { InsideMount, InsideView } from './inside-view.js';
import { readProperty, readText } from './read-property.js';

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

/** Space for files: a quota as the engine reports it, or what is mounted inside while nothing else is writable, or our own watchdog. */
export function computeDisk(hostConfig: unknown, inside: InsideView, disk: DiskPlan): SandboxGuarantees['disk'] {
  const none = { enforcement: 'none', mechanism: 'none' } as const;
  if (disk.mechanism === 'watchdog') return { enforcement: 'soft', mechanism: 'watchdog', limitBytes: disk.limitBytes };
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
