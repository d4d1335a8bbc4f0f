import type { Readable } from 'node:stream';
import { readTextMap, readTexts } from '../../reading/read-fields.js';
import { requireList, requireText } from '../answer/require-fields.js';
import type { CallOptions } from '../connection/call-options.js';
import type { EngineCaller } from '../connection/engine-caller.js';
import { apiPath } from './api-path.js';
import { type ImageDescription, parseImageDescription } from './image-description.js';
import { type LabelsFilter, toLabelFilters } from './labels-filter.js';
import { parseReference } from './parse-reference.js';
import { type PullProgress, readPull } from './read-pull.js';

/** An image as the engine's list has it. */
export interface ImageSummary {
  readonly id: string;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What {@link EngineImages.pull} takes. */
export interface PullImageOptions extends CallOptions {
  /** Called for each step that the engine reports. */
  readonly onProgress?: (progress: PullProgress) => void;
  /** Platform, such as `linux/arm64`, where the image has several. */
  readonly platform?: string;
}

/** Images of one engine. */
export class EngineImages {
  readonly #caller: EngineCaller;

  constructor(caller: EngineCaller) {
    this.#caller = caller;
  }

  /**
   * Describes one image.
   * @throws ImageNotFoundError `PARACLE_ENGINE_IMAGE_NOT_FOUND`.
   */
  async inspect(reference: string, options?: CallOptions): Promise<ImageDescription> {
    const subject = { kind: 'image', id: reference } as const;
    const path = apiPath`/images/${reference}/json`;
    return parseImageDescription(await this.#caller.json({ method: 'GET', path, subject }, options));
  }

  /**
   * Pulls an image from its registry; without a tag it is `latest`. Resolves when it is on the engine.
   * The time limit counts until the engine starts to report; pulling itself is ended by the signal.
   * @throws EngineResponseError `PARACLE_ENGINE_RESPONSE` with the registry's words, also where it fails half way.
   */
  async pull(reference: string, options: PullImageOptions = {}): Promise<void> {
    const { name, tag } = parseReference(reference);
    const subject = { kind: 'image', id: reference } as const;
    const query = { fromImage: name, tag, platform: options.platform };
    const request = { method: 'POST', path: '/images/create', subject, query } as const;
    const stream = await this.#caller.stream(request, options);
    await readPull(stream, { request, signal: options.signal, onProgress: options.onProgress });
  }

  /**
   * Takes in images from an archive of `docker save`, compressed or not. Resolves when they are on the engine.
   * @throws EngineResponseError `PARACLE_ENGINE_RESPONSE` with the engine's words, also where it fails half way.
   */
  async load(archive: Uint8Array | Readable, options: CallOptions = {}): Promise<void> {
    const subject = { kind: 'engine', id: 'images' } as const;
    const request = { method: 'POST', path: '/images/load', subject, query: { quiet: 1 }, archive } as const;
    await readPull(await this.#caller.stream(request, options), { request, signal: options.signal });
  }

  /**
   * Makes an image of one layer from a tar archive of a root file system, without a config. Resolves when it is on the engine.
   * @throws EngineResponseError `PARACLE_ENGINE_RESPONSE` with the engine's words, also where it fails half way.
   */
  async import(
    archive: Uint8Array | Readable,
    options: CallOptions & { readonly reference: string; readonly comment?: string },
  ): Promise<void> {
    const { name, tag } = parseReference(options.reference);
    const subject = { kind: 'image', id: options.reference } as const;
    const query = { fromSrc: '-', repo: name, tag, message: options.comment };
    const request = { method: 'POST', path: '/images/create', subject, query, archive } as const;
    await readPull(await this.#caller.stream(request, options), { request, signal: options.signal });
  }

  /** Lists the images that carry the labels, and a name that matches the pattern. */
  async list(
    options: CallOptions & { readonly labels?: LabelsFilter; readonly reference?: string } = {},
  ): Promise<readonly ImageSummary[]> {
    const { labels, reference } = options;
    const subject = { kind: 'engine', id: 'images' } as const;
    const filters = { ...toLabelFilters(labels), ...(reference === undefined ? {} : { reference: [reference] }) };
    const query = { filters };
    const answer = await this.#caller.json({ method: 'GET', path: '/images/json', subject, query }, options);
    return requireList(answer, [], 'image list').map((image) => ({
      id: requireText(image, ['Id'], 'image list'),
      tags: readTexts(image, ['RepoTags']),
      labels: readTextMap(image, ['Labels']),
    }));
  }

  /** Gives an image a further name: `name` or `name:tag`. */
  async tag(reference: string, target: string, options?: CallOptions): Promise<void> {
    const { name, tag } = parseReference(target);
    const subject = { kind: 'image', id: reference } as const;
    const path = apiPath`/images/${reference}/tag`;
    await this.#caller.run({ method: 'POST', path, subject, query: { repo: name, tag } }, options);
  }

  /** Removes a name of an image, and the image with its last name. That it is gone already is a success. */
  async remove(reference: string, options: CallOptions & { readonly force?: boolean } = {}): Promise<void> {
    const subject = { kind: 'image', id: reference } as const;
    const query = { force: options.force };
    const path = apiPath`/images/${reference}`;
    await this.#caller.run({ method: 'DELETE', path, subject, query, alsoSuccess: [404] }, options);
  }
}
