import { readList, readText, readTextMap, readTexts } from '../../reading/read-fields.js';
import { requireText } from '../answer/require-fields.js';

/** A container as the engine's list has it. */
export interface ContainerSummary {
  readonly id: string;
  /** Names without the leading slash. */
  readonly names: readonly string[];
  /** The image as it was named at create. */
  readonly image: string;
  readonly imageId: string;
  /** `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`. */
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The engine's word for its network: a network's name, `none`, `host` or `container:ID`. */
  readonly networkMode: string;
  /** Names of the volumes that are mounted in it. */
  readonly volumeNames: readonly string[];
}

/** Reads one entry of the engine's container list. */
export function parseContainerSummary(answer: unknown): ContainerSummary {
  return {
    id: requireText(answer, ['Id'], 'container list'),
    names: readTexts(answer, ['Names']).map((name) => name.replace(/^\//u, '')),
    image: requireText(answer, ['Image'], 'container list'),
    imageId: requireText(answer, ['ImageID'], 'container list'),
    state: requireText(answer, ['State'], 'container list'),
    labels: readTextMap(answer, ['Labels']),
    networkMode: readText(answer, ['HostConfig', 'NetworkMode']) ?? '',
    volumeNames: readList(answer, ['Mounts'])
      .filter((mount) => readText(mount, ['Type']) === 'volume')
      .map((mount) => readText(mount, ['Name']))
      .filter((name) => name !== undefined),
  };
}
