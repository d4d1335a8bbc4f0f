/**
 * The numbers of the supervisor's wire protocol; `native/src/protocol.h` is the other end and
 * `docs/supervisor-protocol.md` the description of both.
 */

/** Version that both ends must speak. */
export const PROTOCOL_VERSION = 1;

export const FRAME_MAGIC = 0xa7;
export const FRAME_HEADER_BYTES = 12;

/** Largest execution request, arguments and environment included. */
export const MAX_REQUEST_BYTES: number = 1024 * 1024;
/** Largest payload of any other frame, in either direction. */
export const MAX_PAYLOAD_BYTES: number = 64 * 1024;
/** Bytes of standard input that may be under way to one execution. */
export const STDIN_WINDOW_BYTES: number = 256 * 1024;

/** Messages from the controller. */
export const REQUEST = {
  hello: 0x01,
  execute: 0x02,
  stdin: 0x03,
  stdinEnd: 0x04,
  credit: 0x05,
  signal: 0x06,
  cancel: 0x07,
  cancelAll: 0x08,
  counters: 0x09,
  freeze: 0x0a,
  thaw: 0x0b,
  ping: 0x0c,
  shutdown: 0x0d,
  resize: 0x0e,
} as const;

/** Messages from the supervisor. */
export const REPLY = {
  welcome: 0x81,
  started: 0x82,
  refused: 0x83,
  stdout: 0x84,
  stderr: 0x85,
  stdinCredit: 0x86,
  exited: 0x87,
  done: 0x88,
  counters: 0x89,
  protocolError: 0x8a,
} as const;

export const EXECUTE_FLAG = {
  files: 1,
  privileged: 2,
  keep: 4,
  stdin: 8,
  probe: 16,
  terminal: 32,
} as const;

export const EXITED_FLAG = { code: 1, signal: 2, bySupervisor: 4, shared: 8, background: 16 } as const;

/** Why the supervisor ended an execution; the index is the number on the wire. */
export const END_CAUSES = ['none', 'timeout', 'aborted', 'rolled_back', 'disconnected', 'output', 'disk'] as const;

/** Why the supervisor ended an execution. */
export type EndCause = (typeof END_CAUSES)[number];

/** Where the start of an execution failed; the index is the number on the wire. */
export const REFUSAL_STAGES = ['unknown', 'limit', 'identity', 'directory', 'command', 'frozen', 'terminal'] as const;

/** Where the start of an execution failed. */
export type RefusalStage = (typeof REFUSAL_STAGES)[number];
