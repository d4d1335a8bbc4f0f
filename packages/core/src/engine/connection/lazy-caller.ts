import type { Readable } from 'node:stream';
import type { CallOptions } from './call-options.js';
import type { EngineCaller } from './engine-caller.js';
import type { EngineRequest } from './engine-request.js';
import type { HijackedStream } from './hijacked-stream.js';

/** Connects on the first call and passes every call on. */
export class LazyCaller implements EngineCaller {
  readonly #connect: (options: CallOptions) => Promise<EngineCaller>;

  constructor(connect: (options: CallOptions) => Promise<EngineCaller>) {
    this.#connect = connect;
  }

  async json(request: EngineRequest, options: CallOptions = {}): Promise<unknown> {
    return (await this.#connect(options)).json(request, options);
  }

  async run(request: EngineRequest, options: CallOptions = {}): Promise<void> {
    await (await this.#connect(options)).run(request, options);
  }

  async stream(request: EngineRequest, options: CallOptions = {}): Promise<Readable> {
    return (await this.#connect(options)).stream(request, options);
  }

  async hijack(request: EngineRequest, options: CallOptions = {}): Promise<HijackedStream> {
    return (await this.#connect(options)).hijack(request, options);
  }
}
