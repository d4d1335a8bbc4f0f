import { EXECUTE_FLAG, MAX_REQUEST_BYTES } from './protocol.js';
import { PayloadWriter } from './wire.js';

/** How large a terminal is, in characters: whole numbers from 1 to 65535. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a supervisor is asked to run. */
export interface ExecuteRequest {
  /**
   * `program`: a program of the image as the untrusted user; `probe`: print the files named by `argv`
   * as that user sees them; `files`: the built-in file service as that user; `privileged-files`: the
   * same as root; `guard-program`: a program with all that PID 1 may do, which a guard's alone grants.
   */
  readonly kind: 'program' | 'probe' | 'files' | 'privileged-files' | 'guard-program';
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly uid: number;
  readonly gid: number;
  /** 0 for none; the clock starts when the supervisor gets the request. */
  readonly timeoutMs: number;
  /** How long TERM may take before KILL, where a time-out ends it. */
  readonly killGraceMs: number;
  readonly hasStdin: boolean;
  /** Makes standard input, output and error a terminal of this size; all its output comes as standard output. */
  readonly terminal?: TerminalSize;
  /** Whether what the leader leaves running lives on. */
  readonly keepsBackground: boolean;
  /**
   * Bytes of output that may come per stream before any of it was reported as consumed. Whoever never
   * lets output lie may ask for more: each grant costs the engine a message.
   * @defaultValue 1048576
   */
  readonly outputWindowBytes?: number;
}

const DEFAULT_OUTPUT_WINDOW_BYTES = 1024 * 1024;

/** The window that a request comes with. */
export function outputWindowOf(request: ExecuteRequest): number {
  return request.outputWindowBytes ?? DEFAULT_OUTPUT_WINDOW_BYTES;
}

function flagsOf(request: ExecuteRequest): number {
  const kinds = {
    program: 0,
    probe: EXECUTE_FLAG.probe,
    files: EXECUTE_FLAG.files,
    'privileged-files': EXECUTE_FLAG.files | EXECUTE_FLAG.privileged,
    'guard-program': EXECUTE_FLAG.privileged,
  };
  return (
    kinds[request.kind] |
    (request.hasStdin ? EXECUTE_FLAG.stdin : 0) |
    (request.keepsBackground ? EXECUTE_FLAG.keep : 0) |
    (request.terminal === undefined ? 0 : EXECUTE_FLAG.terminal)
  );
}

/**
 * Encodes the size of a terminal.
 *
 * @throws RangeError where a number is not one from 1 to 65535
 */
export function encodeTerminalSize({ columns, rows }: TerminalSize): Buffer {
  for (const count of [columns, rows]) {
    if (!Number.isInteger(count) || count < 1 || count > 0xffff) {
      throw new RangeError(`Expected a terminal's columns and rows to be from 1 to 65535, got ${columns} and ${rows}`);
    }
  }
  return new PayloadWriter().u16(columns).u16(rows).finish();
}

/**
 * Encodes a request.
 *
 * @throws TypeError where a string holds a NUL byte, which no program could be given
 * @throws RangeError where the whole is longer than a request may be, or a terminal has no size
 */
export function encodeExecuteRequest(request: ExecuteRequest): Buffer {
  const windowBytes = outputWindowOf(request);
  const environment = Object.entries(request.environment).map(([name, value]) => `${name}=${value}`);
  for (const text of [request.workingDirectory, ...request.argv, ...environment]) {
    if (text.includes('\0')) throw new TypeError('A command, its environment and its directory can hold no NUL byte');
  }
  const writer = new PayloadWriter()
    .u32(flagsOf(request))
    .u32(request.uid)
    .u32(request.gid)
    .u32(request.timeoutMs)
    .u32(request.killGraceMs)
    .u32(windowBytes)
    .u32(windowBytes)
    .u32(request.argv.length)
    .u32(environment.length)
    .bytes(request.terminal === undefined ? Buffer.alloc(4) : encodeTerminalSize(request.terminal))
    .text(request.workingDirectory);
  for (const text of [...request.argv, ...environment]) writer.text(text);
  const payload = writer.finish();
  if (payload.length > MAX_REQUEST_BYTES) {
    throw new RangeError(
      `Command and environment take ${payload.length} bytes, at most ${MAX_REQUEST_BYTES} can be sent`,
    );
  }
  return payload;
}
