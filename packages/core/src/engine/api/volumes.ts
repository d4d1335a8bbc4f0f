import { readTextMap } from '../../reading/read-fields.js';
import { requireList, requireText } from '../answer/require-fields.js';
import type { CallOptions } from '../connection/call-options.js';
import type { EngineCaller } from '../connection/engine-caller.js';
import { apiPath } from './api-path.js';
import { type LabelsFilter, toLabelFilters } from './labels-filter.js';

/** A volume of an engine. */
export interface VolumeDescription {
  readonly name: string;
  readonly driver: string;
  /** Where the engine's host keeps it. */
  readonly mountpoint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt?: string;
}

/** What {@link EngineVolumes.create} takes. */
export interface CreateVolumeOptions extends CallOptions {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly driver?: string;
  readonly driverOptions?: Readonly<Record<string, string>>;
}

/** Volumes of one engine. */
export class EngineVolumes {
  readonly #caller: EngineCaller;

  constructor(caller: EngineCaller) {
    this.#caller = caller;
  }

  /** Creates a volume. One of that name that exists already is returned as it is, with the labels it has. */
  async create(options: CreateVolumeOptions): Promise<VolumeDescription> {
    const { name, labels, driver, driverOptions } = options;
    const body = {
      Name: name,
      Labels: labels,
      ...(driver === undefined ? {} : { Driver: driver }),
      ...(driverOptions === undefined ? {} : { DriverOpts: driverOptions }),
    };
    const subject = { kind: 'volume', id: name } as const;
    return parseVolume(await this.#caller.json({ method: 'POST', path: '/volumes/create', subject, body }, options));
  }

  /** Describes one volume. */
  async inspect(name: string, options?: CallOptions): Promise<VolumeDescription> {
    const path = apiPath`/volumes/${name}`;
    return parseVolume(
      await this.#caller.json({ method: 'GET', path, subject: { kind: 'volume', id: name } }, options),
    );
  }

  /** Lists the volumes that carry the labels. */
  async list(options: CallOptions & { readonly labels?: LabelsFilter } = {}): Promise<readonly VolumeDescription[]> {
    const query = { filters: toLabelFilters(options.labels) };
    const subject = { kind: 'engine', id: 'volumes' } as const;
    const answer = await this.#caller.json({ method: 'GET', path: '/volumes', subject, query }, options);
    return requireList(answer, ['Volumes'], 'volume list').map(parseVolume);
  }

  /**
   * Removes a volume. That it is gone already is a success.
   * @throws EngineConflictError `PARACLE_ENGINE_CONFLICT` if a container uses it.
   */
  async remove(name: string, options: CallOptions & { readonly force?: boolean } = {}): Promise<void> {
    const subject = { kind: 'volume', id: name } as const;
    const query = { force: options.force };
    const path = apiPath`/volumes/${name}`;
    await this.#caller.run({ method: 'DELETE', path, subject, query, alsoSuccess: [404] }, options);
  }
}

function parseVolume(answer: unknown): VolumeDescription {
  const created = readTextMap(answer, [])['CreatedAt'];
  return {
    name: requireText(answer, ['Name'], 'volume'),
    driver: requireText(answer, ['Driver'], 'volume'),
    mountpoint: requireText(answer, ['Mountpoint'], 'volume'),
    labels: readTextMap(answer, ['Labels']),
    ...(created === undefined ? {} : { createdAt: created }),
  };
}
