import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineClosedError } from '../../../errors/engine-availability-errors.js';
import { readText } from '../../../reading/read-fields.js';
import type { SshEndpoint } from '../../endpoint/engine-endpoint.js';
import { createDial } from '../dial.js';
import type { EngineLink, Route } from '../engine-link.js';
import { openTunnel, type SshTunnel } from './ssh-tunnel.js';

/** What {@link SshLink} takes. */
export interface SshLinkOptions {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** How long connecting may take. */
  readonly timeoutMs: number;
}

/** Where ssh ends, its sockets close a moment sooner than its end is known. */
const NOTICE_MS = 200;

/** A link by SSH: every request and raw stream is a channel of one connection, which is made anew when it broke. */
export class SshLink implements EngineLink {
  readonly #endpoint: SshEndpoint;
  readonly #options: SshLinkOptions;
  readonly #agent: Agent = new Agent({ keepAlive: true });
  readonly #closing: AbortController = new AbortController();
  #tunnel: Promise<SshTunnel> | undefined;
  #route: Promise<Route> | undefined;

  constructor(endpoint: SshEndpoint, options: SshLinkOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
  }

  async open(): Promise<Route> {
    this.#closing.signal.throwIfAborted();
    return (this.#route ??= this.#createRoute());
  }

  async explain(error: unknown): Promise<unknown> {
    const tunnel = await this.#tunnel?.catch(() => undefined);
    if (tunnel === undefined) return error;
    const words = await Promise.race([tunnel.ended, delay(NOTICE_MS, undefined)]);
    const code = readText(error, ['code']) ?? '';
    // Nobody listened: the call was not sent.
    if (words === undefined || code === 'ECONNREFUSED' || code === 'ENOENT') return error;
    return new Error(`ssh ended: ${words === '' ? 'without a word' : words}`, { cause: error });
  }

  async close(): Promise<void> {
    this.#closing.abort(new EngineClosedError());
    this.#agent.destroy();
    const tunnel = await this.#tunnel?.catch(() => undefined);
    await tunnel?.close();
  }

  async #createRoute(): Promise<Route> {
    const opening = openTunnel(this.#endpoint, { ...this.#options, signal: this.#closing.signal });
    this.#tunnel = opening;
    try {
      const tunnel = await opening;
      void tunnel.ended.then(() => this.#forget(opening));
      const target = { path: tunnel.socketPath };
      return { target, dial: await createDial(target, this.#agent) };
    } catch (error) {
      this.#forget(opening);
      await opening.then(
        async (tunnel) => tunnel.close(),
        () => undefined,
      );
      throw error;
    }
  }

  #forget(tunnel: Promise<SshTunnel>): void {
    if (this.#tunnel !== tunnel) return;
    this.#tunnel = undefined;
    this.#route = undefined;
  }
}
