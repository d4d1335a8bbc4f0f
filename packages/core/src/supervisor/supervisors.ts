import type { CallOptions } from '../engine/connection/call-options.js';
import { withDeadline } from '../engine/connection/with-deadline.js';
import type { Engine } from '../engine/engine.js';
import { EngineTimeoutError } from '../errors/engine-call-errors.js';
import { installSupervisor, supervisorVolumeName } from './install-supervisor.js';
import { readSupervisorBinary, type SupervisorBinary } from './supervisor-binary.js';
import { SupervisorConnection } from './supervisor-connection.js';
import { SupervisorLostError, SupervisorUnreachableError } from './supervisor-errors.js';
import { BINARY_DIRECTORY, SUPERVISOR_PATH } from './supervisor-paths.js';

const RELAY_GREETING_MS = 10_000;

/** How a sandbox gets its supervisor. */
export interface SupervisorMount {
  /** One entry of the engine's `HostConfig.Mounts`. */
  readonly mount: Readonly<Record<string, unknown>>;
  /** The build that must answer. */
  readonly buildId: string;
}

/**
 * The supervisors of one engine's sandboxes. Siblings find each other's sandboxes here: by container
 * id, over the owner's stream where this process owns it, else through a relay.
 */
export class Supervisors {
  readonly #engine: Engine;
  readonly #connections = new Map<string, Promise<SupervisorConnection>>();
  #binary: Promise<SupervisorBinary> | undefined;
  #installed: Promise<void> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Has the supervisor at hand on the engine; `isBroken` makes it anew. */
  async mount(image: string, options: CallOptions & { readonly isBroken?: boolean } = {}): Promise<SupervisorMount> {
    const { isBroken = false, ...waiting } = options;
    const binary = await this.#readBinary();
    if (isBroken) this.#installed = undefined;
    // Shared by all who need it: giving up ends the waiting, not the work.
    const installed = (this.#installed ??= this.#install(binary, image, isBroken));
    const createTimeoutError = (timeoutMs: number): Error => new EngineTimeoutError('install supervisor', timeoutMs);
    await withDeadline(async () => installed, { ...waiting, createTimeoutError });
    return {
      mount: { Type: 'volume', Source: supervisorVolumeName(binary), Target: BINARY_DIRECTORY, ReadOnly: true },
      buildId: binary.buildId,
    };
  }

  /** Makes the owner's stream of a container known; it is forgotten when it ends. */
  register(containerId: string, connection: SupervisorConnection): void {
    this.#connections.set(containerId, Promise.resolve(connection));
    void connection.closed.then(() => this.#connections.delete(containerId));
  }

  /**
   * A connection to the supervisor of a running container, shared by all who ask.
   *
   * @throws SupervisorUnreachableError `PARACLE_SUPERVISOR_UNREACHABLE` where none answers
   */
  async connect(containerId: string, options: CallOptions = {}): Promise<SupervisorConnection> {
    const known = this.#connections.get(containerId);
    if (known !== undefined) return known;
    const opening = this.#openRelay(containerId, options);
    this.#connections.set(containerId, opening);
    try {
      const connection = await opening;
      void connection.closed.then(() => this.#connections.delete(containerId));
      return connection;
    } catch (error) {
      this.#connections.delete(containerId);
      throw error;
    }
  }

  async #install(binary: SupervisorBinary, image: string, isBroken: boolean): Promise<void> {
    try {
      await installSupervisor(this.#engine, binary, image, { isBroken });
    } catch (error) {
      this.#installed = undefined;
      throw error;
    }
  }

  /** Ends the relays and owner's streams that this process holds. */
  async close(): Promise<void> {
    const open = await Promise.allSettled(this.#connections.values());
    for (const result of open) if (result.status === 'fulfilled') result.value.close();
  }

  async #openRelay(containerId: string, options: CallOptions): Promise<SupervisorConnection> {
    const { stream } = await this.#engine.exec.start(containerId, {
      ...options,
      command: [SUPERVISOR_PATH, 'relay'],
      user: '0:0',
    });
    const connection = SupervisorConnection.over(stream);
    try {
      const { buildId } = await this.#readBinary();
      await connection.greeted({
        expectedBuildId: buildId,
        timeoutMs: options.timeoutMs ?? RELAY_GREETING_MS,
        ...(options.signal !== undefined && { signal: options.signal }),
      });
      return connection;
    } catch (error) {
      if (!(error instanceof SupervisorLostError)) throw error;
      throw new SupervisorUnreachableError(containerId, String(error.details['reason']), { cause: error });
    }
  }

  async #readBinary(): Promise<SupervisorBinary> {
    this.#binary ??= this.#engine.capabilities().then(({ arch }) => readSupervisorBinary(arch));
    this.#binary.catch(() => {
      this.#binary = undefined;
    });
    return this.#binary;
  }
}
