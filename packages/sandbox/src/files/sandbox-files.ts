import { posix } from 'node:path';
import { type FileEntry, FileService, type SupervisorConnection } from '@paracle/core';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { SandboxError } from '../errors/sandbox-errors.js';
import type { SandboxUser } from '../lifecycle/resolve-user.js';

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Files of a sandbox, with the rights of its user: what that user may not read or write is refused
 * by the kernel. Relative paths start at the working directory.
 */
export class SandboxFiles {
  readonly #connection: () => SupervisorConnection;
  readonly #user: SandboxUser;
  readonly #workingDirectory: string;

  constructor(connection: () => SupervisorConnection, user: SandboxUser, workingDirectory: string) {
    this.#connection = connection;
    this.#user = user;
    this.#workingDirectory = workingDirectory;
  }

  /**
   * A file's contents.
   * @throws SandboxError `PARACLE_SANDBOX_FILE_TOO_LARGE` above `maxBytes` (64 MiB unless told otherwise),
   * FileOperationError `PARACLE_SUPERVISOR_FILE_OPERATION`
   */
  async read(path: string, options: { readonly maxBytes?: number } = {}): Promise<Buffer> {
    const { maxBytes = DEFAULT_MAX_BYTES } = options;
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    await using service = this.#open();
    await service.read(this.#resolve(path), (piece) => {
      sizeBytes += piece.length;
      if (sizeBytes <= maxBytes) pieces.push(Buffer.from(piece));
      else pieces.length = 0;
    });
    if (sizeBytes <= maxBytes) return Buffer.concat(pieces);
    throw new SandboxError(
      sandboxErrorCodes.fileTooLarge,
      `${path} has ${sizeBytes} bytes, at most ${maxBytes} were allowed`,
      {
        details: { path, sizeBytes, maxBytes },
        suggestion: 'Raise maxBytes, or read a part of it with a command.',
      },
    );
  }

  /** Writes a file in one step: who reads it sees the old or the new contents. The directory must be there. */
  async write(path: string, contents: string | Uint8Array, options: { readonly mode?: number } = {}): Promise<void> {
    await using service = this.#open();
    const bytes = typeof contents === 'string' ? Buffer.from(contents) : contents;
    await service.write(this.#resolve(path), bytes, { mode: options.mode ?? 0o644 });
  }

  /** A directory with all below it, or one file. */
  async list(path = '.'): Promise<readonly FileEntry[]> {
    await using service = this.#open();
    return (await service.walk(this.#resolve(path))).entries;
  }

  async makeDirectory(path: string, options: { readonly mode?: number } = {}): Promise<void> {
    await using service = this.#open();
    await service.makeDirectory(this.#resolve(path), { mode: options.mode ?? 0o755 });
  }

  /** Removes a path with all below it; one that is not there is fine. */
  async remove(path: string): Promise<void> {
    await using service = this.#open();
    await service.remove(this.#resolve(path));
  }

  #open(): FileService {
    return FileService.open(this.#connection(), this.#user);
  }

  #resolve(path: string): string {
    if (path.includes('\0')) throw new TypeError('A path can hold no NUL byte');
    return posix.resolve(this.#workingDirectory, path);
  }
}
