import type { ContainerSummary } from '../engine/api/container-summary.js';
import type { NetworkSummary } from '../engine/api/networks.js';
import type { VolumeDescription } from '../engine/api/volumes.js';
import { labelKeys } from '../identity/labels.js';

/** Everything on an engine that carries our label. */
export interface ManagedObjects {
  readonly containers: readonly ContainerSummary[];
  readonly networks: readonly NetworkSummary[];
  readonly volumes: readonly VolumeDescription[];
}

interface Judges {
  readonly isOwnerDead: (label: string) => boolean;
  readonly isHeld: (containerId: string) => boolean;
}

type Labels = Readonly<Record<string, string>>;

/**
 * Picks what is orphaned: its owner is dead for certain and it is not retained, nor does `isHeld` speak for the container.
 * A volume stays while a container that stays uses it, or while its sandbox lives under another owner.
 * `allContainers` has the foreign ones too, since they may use a volume of ours.
 */
export function findOrphans(
  managed: ManagedObjects,
  allContainers: readonly ContainerSummary[],
  { isOwnerDead, isHeld }: Judges,
): ManagedObjects {
  const isOrphaned = ({ labels }: { readonly labels: Labels }): boolean =>
    labels[labelKeys.managed] === 'true' &&
    labels[labelKeys.retained] !== 'true' &&
    labels[labelKeys.purpose] !== 'supervisor' &&
    isOwnerDead(labels[labelKeys.owner] ?? '');
  const containers = managed.containers.filter((container) => isOrphaned(container) && !isHeld(container.id));
  const goneIds = new Set(containers.map(({ id }) => id));
  const staying = allContainers.filter(({ id }) => !goneIds.has(id));
  const usedVolumes = new Set(staying.flatMap(({ volumeNames }) => volumeNames));
  const livingSandboxes = new Set(staying.map(({ labels }) => labels[labelKeys.sandboxId]));
  return {
    containers,
    networks: managed.networks.filter(isOrphaned),
    volumes: managed.volumes.filter((volume) => {
      const sandboxId = volume.labels[labelKeys.sandboxId];
      const isInUse = usedVolumes.has(volume.name) || (sandboxId !== undefined && livingSandboxes.has(sandboxId));
      return isOrphaned(volume) && !isInUse;
    }),
  };
}
