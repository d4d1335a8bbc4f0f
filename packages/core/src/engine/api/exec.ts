import { readNumber } from '../../reading/read-fields.js';
import { requireFlag, requireText } from '../answer/require-fields.js';
import type { CallOptions } from '../connection/call-options.js';
import type { EngineCaller } from '../connection/engine-caller.js';
import type { HijackedStream } from '../connection/hijacked-stream.js';
import { apiPath } from './api-path.js';

/** What {@link EngineExec.start} takes. */
export interface StartExecOptions extends CallOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** `uid` or `uid:gid`. */
  readonly user?: string;
  /** Directory to start in. */
  readonly workingDirectory?: string;
  /** Environment, each `NAME=value`. */
  readonly environment?: readonly string[];
}

/** A command that was started in a container. */
export interface StartedExec {
  readonly execId: string;
  /** Its standard streams: a raw connection, output multiplexed in the engine's 8-byte frames. */
  readonly stream: HijackedStream;
}

/** What became of a command. */
export interface ExecDescription {
  readonly isRunning: boolean;
  /** Absent while it runs. */
  readonly exitCode?: number;
  /** Host's process id, where the engine tells. */
  readonly pid?: number;
}

/** Commands started in running containers through the engine (`docker exec`). */
export class EngineExec {
  readonly #caller: EngineCaller;

  constructor(caller: EngineCaller) {
    this.#caller = caller;
  }

  /**
   * Starts a command and connects to its streams. Dropping the connection does not end the command.
   * @throws EngineConflictError `PARACLE_ENGINE_CONFLICT` if the container does not run.
   */
  async start(containerId: string, options: StartExecOptions): Promise<StartedExec> {
    const { command, user, workingDirectory, environment } = options;
    const created = await this.#caller.json(
      {
        method: 'POST',
        path: apiPath`/containers/${containerId}/exec`,
        subject: { kind: 'container', id: containerId },
        body: {
          AttachStdin: true,
          AttachStdout: true,
          AttachStderr: true,
          Cmd: command,
          ...(user === undefined ? {} : { User: user }),
          ...(workingDirectory === undefined ? {} : { WorkingDir: workingDirectory }),
          ...(environment === undefined ? {} : { Env: environment }),
        },
      },
      options,
    );
    const execId = requireText(created, ['Id'], 'created exec');
    const path = apiPath`/exec/${execId}/start`;
    const body = { Detach: false, Tty: false };
    const subject = { kind: 'exec', id: execId } as const;
    return { execId, stream: await this.#caller.hijack({ method: 'POST', path, subject, body }, options) };
  }

  /** Says whether a command still runs, and how it ended. */
  async inspect(execId: string, options?: CallOptions): Promise<ExecDescription> {
    const path = apiPath`/exec/${execId}/json`;
    const answer = await this.#caller.json({ method: 'GET', path, subject: { kind: 'exec', id: execId } }, options);
    const exitCode = readNumber(answer, ['ExitCode']);
    const pid = readNumber(answer, ['Pid']) ?? 0;
    return {
      isRunning: requireFlag(answer, ['Running'], 'exec inspect'),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(pid > 0 ? { pid } : {}),
    };
  }
}
