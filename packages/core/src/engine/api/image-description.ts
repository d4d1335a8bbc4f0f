import { readField, readNumber, readText, readTextMap, readTexts } from '../../reading/read-fields.js';
import { requireText } from '../answer/require-fields.js';

/** An image as inspect describes it. */
export interface ImageDescription {
  readonly id: string;
  readonly tags: readonly string[];
  /** As the image says it, such as `amd64`. */
  readonly architecture: string;
  readonly os: string;
  readonly sizeBytes: number;
  /** The image's user; empty for root. */
  readonly user: string;
  readonly workingDirectory: string;
  /** Each `NAME=value`. */
  readonly environment: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly hasHealthcheck: boolean;
  /** Paths that the image declares as volumes. */
  readonly volumePaths: readonly string[];
  readonly stopSignal?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Digests of the file systems that it is made of, the lowest first; they name the contents, whatever its name is. */
  readonly layers: readonly string[];
  /** What was noted when it was made. */
  readonly comment: string;
}

/** Reads the engine's answer to an image inspect. */
export function parseImageDescription(answer: unknown): ImageDescription {
  const stopSignal = readText(answer, ['Config', 'StopSignal']) ?? '';
  const healthcheck = readTexts(answer, ['Config', 'Healthcheck', 'Test'])[0] ?? 'NONE';
  return {
    id: requireText(answer, ['Id'], 'image inspect'),
    tags: readTexts(answer, ['RepoTags']),
    architecture: requireText(answer, ['Architecture'], 'image inspect'),
    os: requireText(answer, ['Os'], 'image inspect'),
    sizeBytes: readNumber(answer, ['Size']) ?? 0,
    user: readText(answer, ['Config', 'User']) ?? '',
    workingDirectory: readText(answer, ['Config', 'WorkingDir']) ?? '',
    environment: readTexts(answer, ['Config', 'Env']),
    entrypoint: readTexts(answer, ['Config', 'Entrypoint']),
    command: readTexts(answer, ['Config', 'Cmd']),
    hasHealthcheck: healthcheck !== 'NONE',
    volumePaths: toKeys(readField(answer, ['Config', 'Volumes'])),
    ...(stopSignal === '' ? {} : { stopSignal }),
    labels: readTextMap(answer, ['Config', 'Labels']),
    layers: readTexts(answer, ['RootFS', 'Layers']),
    comment: readText(answer, ['Comment']) ?? '',
  };
}

function toKeys(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
