import type { CallOptions } from '../connection/call-options.js';
import type { EngineCaller } from '../connection/engine-caller.js';

const subject = { kind: 'engine', id: 'engine' } as const;

/** The engine itself. The answers are as the engine gives them; `engine.capabilities()` reads what matters. */
export class EngineSystem {
  readonly #caller: EngineCaller;

  constructor(caller: EngineCaller) {
    this.#caller = caller;
  }

  /** The engine's `GET /info`. */
  async info(options?: CallOptions): Promise<unknown> {
    return this.#caller.json({ method: 'GET', path: '/info', subject }, options);
  }

  /** The engine's `GET /version`. */
  async version(options?: CallOptions): Promise<unknown> {
    return this.#caller.json({ method: 'GET', path: '/version', subject }, options);
  }

  /** Resolves if the engine answers. */
  async ping(options?: CallOptions): Promise<void> {
    await this.#caller.run({ method: 'GET', path: '/_ping', subject }, options);
  }
}
