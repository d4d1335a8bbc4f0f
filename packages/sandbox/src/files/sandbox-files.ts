import { posix } from 'node:path';
import {
  type CallOptions,
  coreErrorCodes,
  type FileEntry,
  FileService,
  hasCode,
  type SupervisorConnection,
} from '@paracle/core';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { SandboxError } from '../errors/sandbox-errors.js';
import type { SandboxUser } from '../lifecycle/resolve-user.js';

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_ENTRIES = 100_000;

/**
 * Files of a sandbox, with the rights of its user: what that user may not read or write is refused
 * by the kernel. Relative paths start at the working directory. Each call has ten minutes unless its options say otherwise.
 */
export class SandboxFiles {
  readonly #connection: () => SupervisorConnection;
  readonly #user: SandboxUser;
  readonly #workingDirectory: string;
  readonly #beginWrite: () => () => void;

  constructor(
    connection: () => SupervisorConnection,
    user: SandboxUser,
    context: { readonly workingDirectory: string; readonly beginWrite: () => () => void },
  ) {
    this.#connection = connection;
    this.#user = user;
    this.#workingDirectory = context.workingDirectory;
    this.#beginWrite = context.beginWrite;
  }

  /**
   * A file's contents.
   * @throws SandboxError `PARACLE_SANDBOX_FILE_TOO_LARGE` above `maxBytes` (64 MiB unless told otherwise),
   * FileOperationError `PARACLE_SUPERVISOR_FILE_OPERATION`, SupervisorTimeoutError `PARACLE_SUPERVISOR_TIMEOUT`
   */
  async read(path: string, options: CallOptions & { readonly maxBytes?: number } = {}): Promise<Buffer> {
    const { maxBytes = DEFAULT_MAX_BYTES } = options;
    await using service = this.#open(options);
    try {
      return await service.read(this.#resolve(path), maxBytes);
    } catch (cause) {
      if (!hasCode(cause, coreErrorCodes.fileAnswerTooLarge)) throw cause;
      throw new SandboxError(sandboxErrorCodes.fileTooLarge, `${path} has more than the ${maxBytes} bytes allowed`, {
        details: { path, maxBytes },
        suggestion: 'Raise maxBytes, or read a part of it with a command.',
        cause,
      });
    }
  }

  /** Writes a file in one step: who reads it sees the old or the new contents. The directory must be there. */
  async write(
    path: string,
    contents: string | Uint8Array,
    options: CallOptions & { readonly mode?: number } = {},
  ): Promise<void> {
    await using service = this.#open(options);
    const bytes = typeof contents === 'string' ? Buffer.from(contents) : contents;
    const target = this.#resolve(path);
    const end = this.#beginWrite();
    await service.write(target, bytes, { mode: options.mode ?? 0o644 }).finally(end);
  }

  /**
   * A directory with all below it, or one file.
   * @throws FileAnswerTooLargeError `PARACLE_SUPERVISOR_FILE_ANSWER_TOO_LARGE` above `maxEntries` (100,000 unless told otherwise)
   */
  async list(path = '.', options: CallOptions & { readonly maxEntries?: number } = {}): Promise<readonly FileEntry[]> {
    const { maxEntries = DEFAULT_MAX_ENTRIES } = options;
    await using service = this.#open(options);
    return (await service.walk(this.#resolve(path), { maxEntries })).entries;
  }

  async makeDirectory(path: string, options: CallOptions & { readonly mode?: number } = {}): Promise<void> {
    await using service = this.#open(options);
    await service.makeDirectory(this.#resolve(path), { mode: options.mode ?? 0o755 });
  }

  /** Removes a path with all below it; one that is not there is fine. */
  async remove(path: string, options: CallOptions = {}): Promise<void> {
    await using service = this.#open(options);
    await service.remove(this.#resolve(path));
  }

  #open({ signal, timeoutMs }: CallOptions): FileService {
    return FileService.open(this.#connection(), this.#user, { signal, timeoutMs });
  }

  #resolve(path: string): string {
    if (path.includes('\0')) throw new TypeError('A path can hold no NUL byte');
    return posix.resolve(this.#workingDirectory, path);
  }
}
