import { homedir } from 'node:os';
import type { EngineCapabilities } from '../capabilities/engine-capabilities.js';
import { probe } from '../capabilities/probe.js';
import { parseConfig } from '../config/parse-config.js';
import { EngineClosedError } from '../errors/engine-availability-errors.js';
import { EngineTimeoutError } from '../errors/engine-call-errors.js';
import { NetworkAttachments } from '../network/network-attachments.js';
import { Supervisors } from '../supervisor/supervisors.js';
import { EngineArchive } from './api/archive.js';
import { EngineContainers } from './api/containers.js';
import { EngineExec } from './api/exec.js';
import { EngineImages } from './api/images.js';
import { EngineNetworks } from './api/networks.js';
import { EngineSystem } from './api/system.js';
import { EngineVolumes } from './api/volumes.js';
import type { CallOptions } from './connection/call-options.js';
import { type Connected, connect } from './connection/connect.js';
import type { EngineLink } from './connection/engine-link.js';
import { LazyCaller } from './connection/lazy-caller.js';
import { withDeadline } from './connection/with-deadline.js';
import type { EngineEndpoint } from './endpoint/engine-endpoint.js';
import type { EngineOptions, ResolvedEngineOptions } from './engine-options.js';
import { engineOptionsSchema } from './engine-options.js';

/** Which engine was found, and how it is spoken to. */
export interface EngineAddress {
  readonly endpoint: EngineEndpoint;
  /** The API version that was agreed on. */
  readonly apiVersion: string;
}

/**
 * One Docker Engine. Connects when it is first used; a failed attempt is made anew by the next call.
 * Close it when done: `await using engine = new Engine()`.
 */
export class Engine {
  readonly containers: EngineContainers;
  readonly images: EngineImages;
  readonly exec: EngineExec;
  readonly volumes: EngineVolumes;
  readonly networks: EngineNetworks;
  readonly archive: EngineArchive;
  readonly system: EngineSystem;
  /** How all packages reach the supervisors of this engine's sandboxes. */
  readonly supervisors: Supervisors = new Supervisors(this);
  /** Where packages meet over the networks of this engine's containers. */
  readonly networkAttachments: NetworkAttachments = new NetworkAttachments();
  /** The options after defaults; frozen. */
  readonly config: ResolvedEngineOptions;
  #link: EngineLink | undefined;
  #connected: Promise<Connected> | undefined;
  #capabilities: Promise<EngineCapabilities> | undefined;
  #isClosed = false;

  /** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong. */
  constructor(options: EngineOptions = {}) {
    this.config = parseConfig(engineOptionsSchema, options, 'engine options');
    const caller = new LazyCaller(async (callOptions) => (await this.#connect(callOptions)).connection);
    this.containers = new EngineContainers(caller);
    this.images = new EngineImages(caller);
    this.exec = new EngineExec(caller);
    this.volumes = new EngineVolumes(caller);
    this.networks = new EngineNetworks(caller);
    this.archive = new EngineArchive(caller);
    this.system = new EngineSystem(caller);
  }

  /**
   * Connects if that was not done yet, and says to what. Calls do this by themselves.
   * @throws DockerNotAvailableError `PARACLE_ENGINE_NOT_AVAILABLE` (by TLS or SSH: its kinds EngineTlsError and
   * EngineSshError), EnginePermissionError `PARACLE_ENGINE_PERMISSION`, EngineApiVersionError `PARACLE_ENGINE_API_VERSION`,
   * EngineEndpointUnsupportedError `PARACLE_ENGINE_ENDPOINT_UNSUPPORTED`, EngineClosedError `PARACLE_ENGINE_CLOSED`.
   */
  async connect(options: CallOptions = {}): Promise<EngineAddress> {
    const { endpoint, apiVersion } = await this.#connect(options);
    return { endpoint, apiVersion };
  }

  /** What this engine can and can't do; asked once. */
  async capabilities(options: CallOptions = {}): Promise<EngineCapabilities> {
    const shared = (this.#capabilities ??= probe(this.system).catch((error: unknown) => {
      this.#capabilities = undefined;
      throw error;
    }));
    return waitFor(shared, 'capabilities', options);
  }

  /**
   * Ends calls under way with `PARACLE_ENGINE_CLOSED` and refuses later ones. May be called again.
   * Connections to supervisors end; other streams that were handed out live on: they belong to whoever took them.
   * By SSH they end too: all of them are part of one connection.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.supervisors.close();
    await this.#link?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #connect(options: CallOptions): Promise<Connected> {
    if (this.#isClosed) throw new EngineClosedError();
    const shared = (this.#connected ??= this.#find().catch((error: unknown) => {
      this.#connected = undefined;
      throw error;
    }));
    return waitFor(shared, 'connect', options);
  }

  async #find(): Promise<Connected> {
    return connect({
      endpoint: this.config.endpoint,
      environment: { variables: process.env, homeDirectory: homedir(), platform: process.platform },
      requestTimeoutMs: this.config.requestTimeoutMs,
      onLink: (link) => {
        this.#link = link;
      },
      isClosed: () => this.#isClosed,
    });
  }
}

/** Waits for work that others may wait for too: giving up ends the waiting, not the work. */
async function waitFor<Result>(shared: Promise<Result>, call: string, options: CallOptions): Promise<Result> {
  const createTimeoutError = (timeoutMs: number): Error => new EngineTimeoutError(call, timeoutMs);
  return withDeadline(async () => shared, { ...options, createTimeoutError });
}
