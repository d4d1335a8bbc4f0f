import { readField, readFlag, readList, readNumber, readText, readTextMap } from '../../reading/read-fields.js';
import { requireFlag, requireText } from '../answer/require-fields.js';

/** What a container does right now. */
export interface ContainerState {
  /** `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`. */
  readonly status: string;
  readonly isRunning: boolean;
  readonly isPaused: boolean;
  /** What the engine says of OOM kills; not to be trusted for single executions. */
  readonly isOomKilled: boolean;
  /** Host's process id of PID 1; absent while it does not run. */
  readonly pid?: number;
  /** Exit code of the last run; absent while it runs or was never started. */
  readonly exitCode?: number;
  /** The engine's words on why it could not start. */
  readonly error?: string;
}

/** One mount of a container. */
export interface ContainerMount {
  /** `volume`, `bind`, `tmpfs`, … */
  readonly type: string;
  /** Name of the volume; volumes only. */
  readonly name?: string;
  /** Path on the engine's host. */
  readonly source?: string;
  readonly destination: string;
  readonly isWritable: boolean;
}

/** A container as inspect describes it. */
export interface ContainerDescription {
  readonly id: string;
  /** The name without the leading slash. */
  readonly name: string;
  readonly imageId: string;
  readonly createdAt: string;
  /** What its files take that are not the image's; absent unless it was asked for. A sparse file counts as if it were none. */
  readonly writtenBytes?: number;
  readonly state: ContainerState;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly ContainerMount[];
  /** The engine's `Config`, as it is. */
  readonly config: unknown;
  /** The engine's `HostConfig`, as it is: compare it with what was asked for. */
  readonly hostConfig: unknown;
  /** The engine's `NetworkSettings`, as it is. */
  readonly networkSettings: unknown;
}

const what = 'container inspect';

/** Reads the engine's answer to inspect. */
export function parseContainerDescription(answer: unknown): ContainerDescription {
  const writtenBytes = readNumber(answer, ['SizeRw']);
  return {
    id: requireText(answer, ['Id'], what),
    name: requireText(answer, ['Name'], what).replace(/^\//u, ''),
    imageId: requireText(answer, ['Image'], what),
    createdAt: requireText(answer, ['Created'], what),
    ...(writtenBytes === undefined ? {} : { writtenBytes }),
    state: parseState(answer),
    labels: readTextMap(answer, ['Config', 'Labels']),
    mounts: readList(answer, ['Mounts']).map(parseMount),
    config: readField(answer, ['Config']),
    hostConfig: readField(answer, ['HostConfig']),
    networkSettings: readField(answer, ['NetworkSettings']),
  };
}

function parseState(answer: unknown): ContainerState {
  const status = requireText(answer, ['State', 'Status'], what);
  const isRunning = requireFlag(answer, ['State', 'Running'], what);
  const pid = readNumber(answer, ['State', 'Pid']) ?? 0;
  const exitCode = readNumber(answer, ['State', 'ExitCode']);
  const error = readText(answer, ['State', 'Error']) ?? '';
  return {
    status,
    isRunning,
    isPaused: readFlag(answer, ['State', 'Paused']),
    isOomKilled: readFlag(answer, ['State', 'OOMKilled']),
    ...(pid > 0 ? { pid } : {}),
    ...(isRunning || status === 'created' || exitCode === undefined ? {} : { exitCode }),
    ...(error === '' ? {} : { error }),
  };
}

function parseMount(answer: unknown): ContainerMount {
  const name = readText(answer, ['Name']) ?? '';
  const source = readText(answer, ['Source']) ?? '';
  return {
    type: readText(answer, ['Type']) ?? 'unknown',
    ...(name === '' ? {} : { name }),
    ...(source === '' ? {} : { source }),
    destination: requireText(answer, ['Destination'], what),
    isWritable: readFlag(answer, ['RW']),
  };
}
