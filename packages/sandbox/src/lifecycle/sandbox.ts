import { posix } from 'node:path';
import {
  type CallOptions,
  type Engine,
  parseConfig,
  type ResourceUsage,
  type SupervisorConnection,
} from '@paracle/core';
import { HOME_DIRECTORY, type ResolvedSandboxConfig } from '../config/sandbox-config.js';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { SandboxError } from '../errors/sandbox-errors.js';
import { commandSchema, type ExecuteOptions, executeOptionsSchema } from '../execution/execute-options.js';
import { Execution } from '../execution/execution.js';
import type { ExecutionResult } from '../execution/execution-result.js';
import { type CopyInOptions, type CopyInResult, copyIn } from '../files/copy-in.js';
import { SandboxFiles } from '../files/sandbox-files.js';
import type { SandboxGuarantees } from '../guarantees/guarantees.js';
import { storeVolumeName } from './container-body.js';
import type { CreatedSandbox } from './create-sandbox.js';
import { removeSandbox } from './remove-sandbox.js';
import type { SandboxUser } from './resolve-user.js';
import { toEnvironment, toThreadHints } from './to-environment.js';

/** What every terminal of today understands, and images know. */
const TERM = 'xterm-256color';

/** One locked-down environment. Destroy it when done: `await using sandbox = await manager.create()`. */
export class Sandbox {
  readonly id: `sbx_${string}`;
  /** The engine's object behind it. */
  readonly container: { readonly id: string };
  /** The configuration after defaults; frozen. */
  readonly config: ResolvedSandboxConfig;
  /** What really holds, as seen when it was made; {@link verify} looks again. */
  readonly guarantees: SandboxGuarantees;
  /** Identity of all commands. */
  readonly user: SandboxUser;
  readonly files: SandboxFiles;
  readonly engine: Engine;
  readonly #connection: SupervisorConnection;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #onDestroyed: () => void;
  readonly #verify: CreatedSandbox['verify'];
  readonly #disk: CreatedSandbox['disk'];
  #isDestroyed = false;
  #destroying: Promise<void> | undefined;

  /** Made by `SandboxManager.create`. */
  constructor(
    created: CreatedSandbox,
    context: {
      readonly engine: Engine;
      readonly config: ResolvedSandboxConfig;
      readonly secrets: Readonly<Record<string, string>>;
      readonly onDestroyed: () => void;
    },
  ) {
    this.id = created.id;
    this.container = { id: created.containerId };
    this.config = context.config;
    this.guarantees = created.guarantees;
    this.user = created.user;
    this.engine = context.engine;
    this.#connection = created.connection;
    this.#onDestroyed = context.onDestroyed;
    this.#verify = created.verify;
    this.#disk = created.disk;
    this.#environment = {
      ...toThreadHints(context.config.cpuCores),
      ...toEnvironment(created.imageEnvironment, { HOME: HOME_DIRECTORY, ...context.config.environment }),
      ...context.secrets,
    };
    this.files = new SandboxFiles(() => this.#connected(), created.user, {
      workingDirectory: context.config.workingDirectory,
      beginWrite: () => this.#beginWrite(),
    });
  }

  /**
   * Runs a command and waits for its end. A non-zero exit is data unless `check` is set.
   *
   * @throws CommandNotFoundError `PARACLE_SANDBOX_COMMAND_NOT_FOUND`, CommandStartError (other codes of starting)
   * @throws ResourceLimitExceededError `PARACLE_SANDBOX_LIMIT_EXCEEDED` where a limit ended it or made it fail
   * @throws ExecutionTimeoutError `PARACLE_SANDBOX_TIMEOUT`, ExecutionAbortedError `PARACLE_SANDBOX_ABORTED`,
   * ExecutionRolledBackError `PARACLE_SANDBOX_ROLLED_BACK`, ExecutionLostError `PARACLE_SANDBOX_LOST`
   */
  async execute(command: readonly string[], options: ExecuteOptions = {}): Promise<ExecutionResult> {
    const execution = this.#launch(command, options, false);
    if (options.stdin !== undefined) void execution.write(options.stdin);
    if (options.stdin !== undefined || options.terminal !== undefined) execution.endInput();
    return execution.result;
  }

  /** Starts a command and hands it out while it runs: output as it comes, writable stdin, signals. */
  start(command: readonly string[], options: ExecuteOptions = {}): Execution {
    const execution = this.#launch(command, options, true);
    if (options.stdin !== undefined) void execution.write(options.stdin);
    return execution;
  }

  /** Copies a directory of the host in, owned by the sandbox's user. */
  async copyIn(source: string, options: CopyInOptions = {}): Promise<CopyInResult> {
    const target = posix.resolve(this.config.workingDirectory, options.to ?? '.');
    const connection = this.#connected();
    const end = this.#beginWrite();
    return copyIn(connection, source, { target, user: this.user, options }).finally(end);
  }

  /**
   * What the sandbox uses now, by the kernel's counters.
   *
   * @throws SupervisorTimeoutError `PARACLE_SUPERVISOR_TIMEOUT` without an answer in 30 s: one that is paused gives none
   */
  async getStats(options: CallOptions = {}): Promise<ResourceUsage> {
    return this.#connected().counters(options);
  }

  /**
   * Looks again at what holds: whoever may use the engine can change a container at any time.
   *
   * @throws LimitUnenforcedError `PARACLE_SANDBOX_LIMIT_UNENFORCED` where it is less than what was asked for
   */
  async verify(options: CallOptions = {}): Promise<SandboxGuarantees> {
    this.#connected();
    return this.#verify(options);
  }

  /** Resolves with the reason once the sandbox has ended, by `destroy` or otherwise. */
  get ended(): Promise<Error> {
    return this.#connection.closed;
  }

  /** Ends everything in it and removes it. May be called again; where it failed, that tries again. */
  async destroy(): Promise<void> {
    this.#destroying ??= this.#remove();
    return this.#destroying;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }

  async #remove(): Promise<void> {
    this.#isDestroyed = true;
    this.engine.networkAttachments.get(this.container.id)?.release();
    // The end of the owner's stream ends PID 1, and the kernel everything with it.
    this.#connection.close();
    try {
      await removeSandbox(this.engine, { containerId: this.container.id, storeVolume: storeVolumeName(this.id) });
    } catch (error) {
      this.#destroying = undefined;
      throw error;
    }
    this.#onDestroyed();
  }

  /** What is written from outside is no command's doing. */
  #beginWrite(): () => void {
    return this.#disk?.beginWrite() ?? (() => undefined);
  }

  #connected(): SupervisorConnection {
    if (!this.#isDestroyed) return this.#connection;
    throw new SandboxError(sandboxErrorCodes.destroyed, `Sandbox ${this.id} was destroyed`, {
      details: { sandboxId: this.id },
    });
  }

  #launch(command: readonly string[], options: ExecuteOptions, isStreamed: boolean): Execution {
    const { signal, stdin, ...plain } = options;
    signal?.throwIfAborted();
    const connection = this.#connected();
    const parsed = parseConfig(executeOptionsSchema, plain, 'execute options');
    return new Execution(connection, {
      command: parseConfig(commandSchema, command, 'command'),
      environment: { ...(parsed.terminal && { TERM }), ...this.#environment, ...parsed.environment },
      workingDirectory: posix.resolve(this.config.workingDirectory, parsed.workingDirectory ?? '.'),
      ...this.user,
      timeoutMs: Math.ceil((parsed.timeoutSeconds ?? this.config.timeoutSeconds) * 1000),
      killGraceMs: parsed.killGraceMs,
      maxOutputBytes: parsed.maxOutputBytes,
      onOutputLimit: parsed.onOutputLimit,
      background: parsed.background,
      check: parsed.check,
      hasStdin: isStreamed || stdin !== undefined,
      terminal: parsed.terminal,
      signal,
      disk: this.#disk,
      network: this.engine.networkAttachments.get(this.container.id),
      isStreamed,
    });
  }
}
