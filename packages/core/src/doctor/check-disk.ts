import type { EngineCapabilities } from '../capabilities/engine-capabilities.js';
import type { DoctorFinding } from './doctor-report.js';

const quotaDrivers: ReadonlySet<string> = new Set(['btrfs', 'zfs', 'windowsfilter']);

/**
 * Says whether the storage driver can limit a sandbox's disk.
 * @see https://docs.docker.com/reference/cli/docker/container/run/#storage-opt
 */
export function checkDisk({ storageDriver, backingFilesystem }: EngineCapabilities): DoctorFinding {
  const finding = { id: 'disk-quota', title: 'Disk limit' };
  if (quotaDrivers.has(storageDriver)) {
    return { ...finding, status: 'ok', explanation: `The storage driver ${storageDriver} can limit a sandbox’s disk.` };
  }
  if (storageDriver === 'overlay2' && backingFilesystem === 'xfs') {
    return {
      ...finding,
      status: 'warning',
      explanation:
        'overlay2 on xfs limits disk only if the file system is mounted with `pquota`, which the engine does not report.',
      remedy: 'Check with `mount`, and mount the engine’s data root with `pquota`.',
    };
  }
  const place = backingFilesystem === undefined ? storageDriver : `${storageDriver} on ${backingFilesystem}`;
  return {
    ...finding,
    status: 'warning',
    explanation: `${place} has no quotas: a hard disk limit is refused, and without one a sandbox can fill the host’s disk.`,
    remedy:
      'Choose `tmpfs` or `soft` enforcement by name, or put the engine’s data root on btrfs, or on xfs with `pquota`.',
  };
}
