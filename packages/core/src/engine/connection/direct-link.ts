import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { EngineClosedError } from '../../errors/engine-availability-errors.js';
import { createDial, type Dial } from './dial.js';
import type { EngineLink, Route } from './engine-link.js';
import type { SocketTarget } from './socket-target.js';
import { findRefusal } from './tls/find-refusal.js';

/** A link to an engine that listens on this machine, or on the network. */
export class DirectLink implements EngineLink {
  readonly #target: SocketTarget;
  readonly #agent: Agent;
  #route: Promise<Route> | undefined;
  #hasAnswered = false;
  #isClosed = false;

  constructor(target: SocketTarget) {
    this.#target = target;
    const tls = 'tls' in target ? target.tls : undefined;
    this.#agent = tls === undefined ? new Agent({ keepAlive: true }) : new TlsAgent({ keepAlive: true, ...tls });
  }

  async open(): Promise<Route> {
    const route = await (this.#route ??= this.#createRoute());
    if (this.#isClosed) throw new EngineClosedError();
    return route;
  }

  /** An engine that refuses a client's certificate hangs up, and its reason may be lost with what was sent meanwhile. */
  async explain(error: unknown): Promise<unknown> {
    if (this.#hasAnswered || this.#isClosed || !('tls' in this.#target)) return error;
    return (await findRefusal(this.#target)) ?? error;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#agent.destroy();
  }

  async #createRoute(): Promise<Route> {
    const send = await createDial(this.#target, this.#agent);
    const dial: Dial = async (request, options) => {
      const answer = await send(request, options);
      this.#hasAnswered = true;
      return answer;
    };
    return { target: this.#target, dial };
  }
}
