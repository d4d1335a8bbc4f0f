import { ParacleError } from '@paracle/core';
import { type SandboxErrorCode, sandboxErrorCodes } from './sandbox-error-codes.js';

/** A command that did not start. */
export class CommandStartError extends ParacleError {
  override readonly name: string = 'CommandStartError';
  declare readonly code: SandboxErrorCode;
  readonly command: readonly string[];

  constructor(
    code: SandboxErrorCode,
    message: string,
    options: { command: readonly string[]; suggestion?: string; cause?: unknown },
  ) {
    super(code, message, {
      details: { program: options.command[0] ?? '' },
      suggestion: options.suggestion,
      cause: options.cause,
    });
    this.command = options.command;
  }
}

/** No such program, neither at the path given nor on `PATH`. */
export class CommandNotFoundError extends CommandStartError {
  override readonly name: string = 'CommandNotFoundError';

  constructor(command: readonly string[], cause?: unknown) {
    super(sandboxErrorCodes.commandNotFound, `No program "${command[0] ?? ''}" in the sandbox`, {
      command,
      cause,
      suggestion: 'Name a program of the image; a shell line goes through ["sh", "-c", line].',
    });
  }
}

/** Says in the user's words why a command was refused. */
export function toStartError(error: ParacleError, command: readonly string[], directory: string): CommandStartError {
  const stage = String(error.details['stage']);
  const errno = String(error.details['errno']);
  const program = command[0] ?? '';
  const options = { command, cause: error };
  if (stage === 'directory') {
    const message = `The working directory ${directory} can't be entered: ${errno}`;
    return new CommandStartError(sandboxErrorCodes.directoryNotUsable, message, options);
  }
  if (stage === 'command' && (errno === 'ENOENT' || errno === 'ENOTDIR'))
    return new CommandNotFoundError(command, error);
  if (stage === 'command') {
    const message = `The program "${program}" can't be executed: ${errno}`;
    return new CommandStartError(sandboxErrorCodes.commandNotExecutable, message, options);
  }
  const reasons: Readonly<Record<string, string>> = {
    limit: 'the limit on processes is reached',
    frozen: 'a snapshot or rollback is under way',
    identity: 'it would have run as root',
    terminal: 'no terminal could be had',
  };
  const message = `The command was not started: ${reasons[stage] ?? stage} (${errno})`;
  return new CommandStartError(sandboxErrorCodes.startRefused, message, options);
}
