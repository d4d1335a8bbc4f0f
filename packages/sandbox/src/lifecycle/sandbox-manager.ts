import { Engine, type Logger, parseConfig, prune, silentLogger } from '@paracle/core';
import { z } from 'zod';
import {
  environmentSchema,
  hostPathsSchema,
  type ResolvedSandboxConfig,
  type SandboxConfig,
  sandboxConfigSchema,
} from '../config/sandbox-config.js';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { SandboxError } from '../errors/sandbox-errors.js';
import { createSandbox } from './create-sandbox.js';
import { Sandbox } from './sandbox.js';
import { Slots } from './slots.js';

/** How a manager works. */
export interface SandboxManagerOptions {
  /** Sandboxes at once; `create` waits for a place. @defaultValue 10 */
  readonly maxConcurrent?: number;
  /**
   * Paths of the engine's host below which sandboxes may have `mounts`. What would give the host away (`/etc`,
   * `/run`, the engine's own data, a home as a whole) is refused all the same. @defaultValue []
   */
  readonly allowedHostPaths?: readonly string[];
  /** The engine to use; a manager that is given one doesn't close it. @defaultValue the engine that is found */
  readonly engine?: Engine;
  /** @defaultValue silent */
  readonly logger?: Logger;
}

/** What a manager has done. */
export interface SandboxManagerStats {
  readonly activeCount: number;
  readonly waitingCount: number;
  readonly maxConcurrent: number;
  readonly createdCount: number;
  readonly failedCount: number;
  readonly destroyedCount: number;
}

const secretsSchema: z.ZodType<{ readonly secrets: Readonly<Record<string, string>> }> = z.strictObject({
  secrets: environmentSchema,
});

interface ManagerSettings {
  readonly maxConcurrent: number;
  readonly allowedHostPaths: readonly string[];
}

const settingsSchema: z.ZodType<ManagerSettings> = z.strictObject({
  maxConcurrent: z.int().min(1).max(10_000).default(10),
  allowedHostPaths: hostPathsSchema.default([]),
});

/** Makes sandboxes and sees to it that none stays behind. Connects on first use. */
export class SandboxManager {
  readonly #engine: Engine;
  readonly #ownsEngine: boolean;
  readonly #logger: Logger;
  readonly #settings: ManagerSettings;
  readonly #slots: Slots;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  readonly #counts = { created: 0, failed: 0, destroyed: 0 };
  #sweep: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong */
  constructor(options: SandboxManagerOptions = {}) {
    const { engine, logger = silentLogger, ...settings } = options;
    this.#settings = parseConfig(settingsSchema, settings, 'sandbox manager options');
    this.#engine = engine ?? new Engine();
    this.#ownsEngine = engine === undefined;
    this.#logger = logger.child({ component: 'sandbox' });
    this.#slots = new Slots(this.#settings.maxConcurrent);
  }

  /** The engine that the sandboxes are on; hand it to the other packages. */
  get engine(): Engine {
    return this.#engine;
  }

  /**
   * Makes a sandbox. Past `maxConcurrent` it waits for its turn; the signal ends the wait and the making.
   *
   * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID`, SandboxError (see `sandboxErrorCodes`),
   * LimitUnenforcedError `PARACLE_SANDBOX_LIMIT_UNENFORCED`, and core's errors of the engine
   */
  async create(config: SandboxConfig = {}, options: { readonly signal?: AbortSignal } = {}): Promise<Sandbox> {
    this.#refuseIfClosed();
    const { secrets, ...rest } = config;
    const resolved = parseConfig(sandboxConfigSchema, rest, 'sandbox config');
    // Under that name, so that what is wrong with one is told without repeating it.
    const { secrets: hidden } = parseConfig(secretsSchema, { secrets: secrets ?? {} }, 'sandbox config');
    const signal = AbortSignal.any([this.#closing.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    signal.throwIfAborted();
    this.#sweep ??= this.#sweepOrphans();
    return this.#track(this.#createInTurn(resolved, hidden, signal));
  }

  /** Makes a sandbox, hands it to the function, and destroys it however that ends. */
  async managedSandbox<Result>(
    config: SandboxConfig,
    use: (sandbox: Sandbox) => Promise<Result>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Result> {
    await using sandbox = await this.create(config, options);
    return await use(sandbox);
  }

  /** One of this manager's sandboxes. @throws SandboxError `PARACLE_SANDBOX_NOT_FOUND` */
  get(sandboxId: string): Sandbox {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox !== undefined) return sandbox;
    throw new SandboxError(sandboxErrorCodes.notFound, `No sandbox ${sandboxId} in this manager`, {
      details: { sandboxId },
    });
  }

  /** Destroys a sandbox by its id; one that is gone already is fine. */
  async destroy(sandboxId: string): Promise<void> {
    await this.#sandboxes.get(sandboxId)?.destroy();
  }

  getStats(): SandboxManagerStats {
    return {
      activeCount: this.#sandboxes.size,
      waitingCount: this.#slots.waitingCount,
      maxConcurrent: this.#settings.maxConcurrent,
      createdCount: this.#counts.created,
      failedCount: this.#counts.failed,
      destroyedCount: this.#counts.destroyed,
    };
  }

  /** Ends what is being made, destroys all sandboxes and waits for both. May be called again. */
  async close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #createInTurn(
    config: ResolvedSandboxConfig,
    secrets: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Sandbox> {
    const release = await this.#slots.take(signal);
    try {
      const { allowedHostPaths } = this.#settings;
      const created = await createSandbox({
        engine: this.#engine,
        config,
        allowedHostPaths,
        logger: this.#logger,
        signal,
      });
      const onDestroyed = (): void => {
        this.#sandboxes.delete(created.id);
        this.#counts.destroyed++;
        release();
      };
      const sandbox = new Sandbox(created, { engine: this.#engine, config, secrets, onDestroyed });
      this.#sandboxes.set(sandbox.id, sandbox);
      this.#counts.created++;
      this.#logger.info({ sandboxId: sandbox.id, containerId: sandbox.container.id }, 'sandbox created');
      return sandbox;
    } catch (error) {
      this.#counts.failed++;
      release();
      throw error;
    }
  }

  /** Removes what dead controllers left; a failure is no reason not to make a sandbox. */
  async #sweepOrphans(): Promise<void> {
    try {
      const removed = await prune(this.#engine, { signal: this.#closing.signal, logger: this.#logger });
      if (removed.containers.length > 0) this.#logger.info({ ...removed }, 'orphans removed');
    } catch (err) {
      if (!this.#closing.signal.aborted) this.#logger.warn({ err }, 'orphans could not be removed');
    }
  }

  async #track<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  #refuseIfClosed(): void {
    if (this.#closed === undefined) return;
    throw new SandboxError(sandboxErrorCodes.managerClosed, 'The sandbox manager was closed');
  }

  async #shutDown(): Promise<void> {
    this.#closing.abort(new SandboxError(sandboxErrorCodes.managerClosed, 'The sandbox manager was closed'));
    await this.#sweep;
    await Promise.allSettled(this.#underWay);
    const outcomes = await Promise.allSettled([...this.#sandboxes.values()].map(async (sandbox) => sandbox.destroy()));
    if (this.#ownsEngine) await this.#engine.close();
    const failures = outcomes.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (failures.length === 0) return;
    throw new SandboxError(sandboxErrorCodes.cleanupFailed, `${failures.length} sandboxes could not be removed`, {
      suggestion: 'The next process that makes sandboxes here sweeps them once this one has ended; so does prune().',
      cause: new AggregateError(failures),
    });
  }
}
