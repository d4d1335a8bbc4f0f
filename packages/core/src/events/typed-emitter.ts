import { EventEmitter } from 'eventemitter3';
import type { Logger } from '../logging/logger.js';
import { silentLogger } from '../logging/silent-logger.js';

/** The shape of an events interface: name to a tuple of one payload. */
export type EventMap<Events> = { readonly [Name in keyof Events]: readonly [payload: object] };

/** Lets others listen, and nothing else. */
export interface EventSource<Events extends EventMap<Events>> {
  /** Listens until the returned function is called. */
  on<Name extends keyof Events & string>(name: Name, listener: (...event: Events[Name]) => void): () => void;
}

/** An emitter with one interface of events. Events inform: what a listener does, a throw included, breaks nothing. */
export class TypedEmitter<Events extends EventMap<Events>> implements EventSource<Events> {
  readonly #emitter = new EventEmitter();
  readonly #logger: Logger;

  constructor(options: { readonly logger?: Logger | undefined } = {}) {
    this.#logger = options.logger ?? silentLogger;
  }

  /** Listens until the returned function is called. */
  on<Name extends keyof Events & string>(name: Name, listener: (...event: Events[Name]) => void): () => void {
    this.#emitter.on(name, listener);
    return () => {
      this.#emitter.off(name, listener);
    };
  }

  /** Tells all listeners, in the order they came. A failing one is logged, and the others still hear it. */
  emit<Name extends keyof Events & string>(name: Name, ...event: Events[Name]): void {
    for (const listener of this.#emitter.listeners(name)) this.#tell(name, () => listener(...event));
  }

  /** Drops all listeners. */
  removeAllListeners(): void {
    this.#emitter.removeAllListeners();
  }

  #tell(event: string, call: () => unknown): void {
    const onFailure = (err: unknown): void => this.#logger.error({ err, event }, 'event listener failed');
    try {
      Promise.resolve(call()).catch(onFailure);
    } catch (error) {
      onFailure(error);
    }
  }
}
