import { Agent } from 'node:http';
import { inspect } from 'node:util';

/**
 * While it stands, agents of HTTP are printed by their name alone. docker-modem 5.0.7 prints the options of each request
 * whether or not anybody reads that, its agent among them; the agent's sockets hold what jest-circus 30 keeps in
 * `AsyncLocalStorage`, which leads to all tests of the file: with 170 of them, 30 MB of text and most of a second for
 * each request. Once {@link printCount} stays 0, this can go.
 */
export class OpaqueAgents implements Disposable {
  #printCount = 0;

  constructor() {
    const print = (): string => {
      this.#printCount += 1;
      return 'Agent';
    };
    Object.defineProperty(Agent.prototype, inspect.custom, { value: print, configurable: true });
  }

  /** How often an agent was printed. */
  get printCount(): number {
    return this.#printCount;
  }

  [Symbol.dispose](): void {
    Reflect.deleteProperty(Agent.prototype, inspect.custom);
  }
}
