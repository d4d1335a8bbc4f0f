import type { Readable } from 'node:stream';
import { coreErrorCodes } from '../../errors/core-error-codes.js';
import { hasCode } from '../../errors/has-code.js';
import { readText, readTexts } from '../../reading/read-fields.js';
import { requireList, requireNumber, requireText } from '../answer/require-fields.js';
import type { CallOptions } from '../connection/call-options.js';
import type { EngineCaller } from '../connection/engine-caller.js';
import type { HijackedStream } from '../connection/hijacked-stream.js';
import { apiPath } from './api-path.js';
import { type ContainerDescription, parseContainerDescription } from './container-description.js';
import { type ContainerSummary, parseContainerSummary } from './container-summary.js';
import type { CreateContainerOptions, CreatedContainer } from './create-container.js';
import { type LabelsFilter, toLabelFilters } from './labels-filter.js';
import { parseReference } from './parse-reference.js';

/** Containers of one engine. Ids may be ids or names. */
export class EngineContainers {
  readonly #caller: EngineCaller;

  constructor(caller: EngineCaller) {
    this.#caller = caller;
  }

  /**
   * Creates a container without starting it. The engine finishes what it began, whoever hangs up, so an abort in
   * between waits for the answer and removes what was made.
   * @throws ImageNotFoundError `PARACLE_ENGINE_IMAGE_NOT_FOUND`, EngineConflictError `PARACLE_ENGINE_CONFLICT` if the name is taken.
   */
  async create(
    { name, body, platform }: CreateContainerOptions,
    { signal, ...options }: CallOptions = {},
  ): Promise<CreatedContainer> {
    signal?.throwIfAborted();
    const image = readText(body, ['Image']) ?? name ?? 'of the new container';
    const subject = { kind: 'image', id: image } as const;
    const query = { name, platform };
    const request = { method: 'POST', path: '/containers/create', subject, query, body } as const;
    const answer = await this.#caller.json(request, options);
    const created = { id: requireText(answer, ['Id'], 'created container'), warnings: readTexts(answer, ['Warnings']) };
    if (signal?.aborted === true) await this.remove(created.id, { force: true, volumes: true });
    signal?.throwIfAborted();
    return created;
  }

  /** Starts a container; one that runs stays as it is. */
  async start(id: string, options?: CallOptions): Promise<void> {
    await this.#post(id, apiPath`/containers/${id}/start`, {}, options);
  }

  /** Sends a signal to the container's PID 1: `SIGKILL`, `SIGTERM`, … */
  async kill(id: string, signalName: string, options?: CallOptions): Promise<void> {
    await this.#post(id, apiPath`/containers/${id}/kill`, { query: { signal: signalName } }, options);
  }

  /** Asks PID 1 to end, and kills it after the grace time; one that does not run stays as it is. */
  async stop(id: string, options: CallOptions & { readonly graceSeconds?: number } = {}): Promise<void> {
    await this.#post(id, apiPath`/containers/${id}/stop`, { query: { t: options.graceSeconds } }, options);
  }

  /** Freezes all processes of a container. */
  async pause(id: string, options?: CallOptions): Promise<void> {
    await this.#post(id, apiPath`/containers/${id}/pause`, {}, options);
  }

  /** Lets the processes of a paused container go on. */
  async unpause(id: string, options?: CallOptions): Promise<void> {
    await this.#post(id, apiPath`/containers/${id}/unpause`, {}, options);
  }

  /** Changes limits of a container; resolves with the engine's warnings. What it can't change it ignores without a word. */
  async update(id: string, body: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<readonly string[]> {
    const path = apiPath`/containers/${id}/update`;
    const answer = await this.#caller.json({ method: 'POST', path, subject: { kind: 'container', id }, body }, options);
    return readTexts(answer, ['Warnings']);
  }

  /** Removes a container. That it is gone already, or about to be, is a success. */
  async remove(
    id: string,
    options: CallOptions & { readonly force?: boolean; readonly volumes?: boolean } = {},
  ): Promise<void> {
    const query = { force: options.force, v: options.volumes };
    try {
      const path = apiPath`/containers/${id}`;
      await this.#caller.run(
        { method: 'DELETE', path, subject: { kind: 'container', id }, query, alsoSuccess: [404] },
        options,
      );
    } catch (error) {
      if (!isRemovalUnderWay(error)) throw error;
    }
  }

  /**
   * Gives a container another name, whether it runs or not.
   * @throws EngineConflictError `PARACLE_ENGINE_CONFLICT` if the name is taken.
   */
  async rename(id: string, name: string, options?: CallOptions): Promise<void> {
    await this.#post(id, apiPath`/containers/${id}/rename`, { query: { name } }, options);
  }

  /**
   * Makes an image of a container's root file system and config, and resolves with its id; processes stand still
   * meanwhile. The engine finishes what it began, whoever hangs up, so an abort in between waits for the answer and
   * removes what was made.
   */
  async commit(
    id: string,
    image: { readonly reference: string; readonly comment?: string },
    { signal, ...options }: CallOptions = {},
  ): Promise<string> {
    signal?.throwIfAborted();
    const { name, tag } = parseReference(image.reference);
    const query = { container: id, repo: name, tag, comment: image.comment };
    const subject = { kind: 'container', id } as const;
    const answer = await this.#caller.json({ method: 'POST', path: '/commit', subject, query }, options);
    if (signal?.aborted === true) {
      const path = apiPath`/images/${image.reference}`;
      await this.#caller.run({ method: 'DELETE', path, subject: { kind: 'image', id: image.reference } }, options);
    }
    signal?.throwIfAborted();
    return requireText(answer, ['Id'], 'committed container');
  }

  /** Resolves with a tar archive of a container's root file system, without what is mounted. Read it to its end or destroy it. */
  async export(id: string, options?: CallOptions): Promise<Readable> {
    const path = apiPath`/containers/${id}/export`;
    return this.#caller.stream({ method: 'GET', path, subject: { kind: 'container', id } }, options);
  }

  /** Describes one container; with `withSize` the engine counts what it has written. */
  async inspect(
    id: string,
    { withSize, ...options }: CallOptions & { readonly withSize?: boolean } = {},
  ): Promise<ContainerDescription> {
    const path = apiPath`/containers/${id}/json`;
    const query = { size: withSize };
    return parseContainerDescription(
      await this.#caller.json({ method: 'GET', path, subject: { kind: 'container', id }, query }, options),
    );
  }

  /** Lists running containers, or all, that carry the labels. */
  async list(
    options: CallOptions & { readonly all?: boolean; readonly labels?: LabelsFilter } = {},
  ): Promise<readonly ContainerSummary[]> {
    const answer = await this.#caller.json(
      {
        method: 'GET',
        path: '/containers/json',
        subject: { kind: 'engine', id: 'containers' },
        query: { all: options.all, filters: toLabelFilters(options.labels) },
      },
      options,
    );
    return requireList(answer, [], 'container list').map(parseContainerSummary);
  }

  /**
   * Attaches to PID 1's standard streams: a raw connection, not demultiplexed.
   * Time limit and signal count until it stands; it then lives until it is destroyed.
   */
  async attach(id: string, options?: CallOptions): Promise<HijackedStream> {
    const query = { stream: 1, stdin: 1, stdout: 1, stderr: 1 };
    const path = apiPath`/containers/${id}/attach`;
    return this.#caller.hijack({ method: 'POST', path, subject: { kind: 'container', id }, query }, options);
  }

  /**
   * Resolves with the exit code once the container has stopped.
   * Waits without limit unless `timeoutMs` is given.
   */
  async wait(
    id: string,
    options: CallOptions & { readonly condition?: 'not-running' | 'next-exit' | 'removed' } = {},
  ): Promise<{ readonly exitCode: number }> {
    const path = apiPath`/containers/${id}/wait`;
    const query = { condition: options.condition };
    const answer = await this.#caller.json(
      { method: 'POST', path, subject: { kind: 'container', id }, query },
      { signal: options.signal, timeoutMs: options.timeoutMs ?? Infinity },
    );
    return { exitCode: requireNumber(answer, ['StatusCode'], 'container wait') };
  }

  async #post(
    id: string,
    path: string,
    rest: { readonly query?: Readonly<Record<string, unknown>> },
    options?: CallOptions,
  ): Promise<void> {
    await this.#caller.run(
      { method: 'POST', path, subject: { kind: 'container', id }, alsoSuccess: [304], ...rest },
      options,
    );
  }
}

function isRemovalUnderWay(error: unknown): boolean {
  return hasCode(error, coreErrorCodes.engineConflict) && /already in progress/iu.test(error.message);
}
