import type { Readable } from 'node:stream';
import type { CallOptions } from '../connection/call-options.js';
import type { EngineCaller } from '../connection/engine-caller.js';
import { apiPath } from './api-path.js';

/** Files of containers as tar archives. Does not see tmpfs, and can't write into a read-only root file system. */
export class EngineArchive {
  readonly #caller: EngineCaller;

  constructor(caller: EngineCaller) {
    this.#caller = caller;
  }

  /**
   * Unpacks a tar archive into a directory of a container, which need not run.
   * @throws EngineObjectNotFoundError `PARACLE_ENGINE_OBJECT_NOT_FOUND` if the directory is not there.
   */
  async put(
    containerId: string,
    directory: string,
    archive: Uint8Array | Readable,
    options?: CallOptions,
  ): Promise<void> {
    const path = apiPath`/containers/${containerId}/archive`;
    const query = { path: directory };
    const subject = { kind: 'path', id: `${directory} in ${containerId}` } as const;
    try {
      await this.#caller.run({ method: 'PUT', path, subject, query, archive }, options);
    } finally {
      if (!(archive instanceof Uint8Array)) archive.destroy();
    }
  }

  /**
   * Resolves with a tar archive of a path: text, or bytes where a name is not UTF-8. Read it to its end or destroy it.
   * @throws EngineObjectNotFoundError `PARACLE_ENGINE_OBJECT_NOT_FOUND` if the path is not there.
   */
  async get(containerId: string, path: string | Buffer, options?: CallOptions): Promise<Readable> {
    const subject = { kind: 'path', id: `${path.toString()} in ${containerId}` } as const;
    const request = {
      method: 'GET',
      path: apiPath`/containers/${containerId}/archive`,
      subject,
      query: { path },
    } as const;
    return this.#caller.stream(request, options);
  }
}
