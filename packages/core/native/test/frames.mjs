/** Frames and requests of the supervisor's protocol, as docs/supervisor-protocol.md describes them. */

export const TYPE = {
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
  welcome: 0x81,
  started: 0x82,
  refused: 0x83,
  stdout: 0x84,
  stderr: 0x85,
  stdinCredit: 0x86,
  exited: 0x87,
  done: 0x88,
  countersReply: 0x89,
  protocolError: 0x8a,
};
export const FLAG = { files: 1, privileged: 2, keep: 4, stdin: 8, probe: 16, terminal: 32 };
export const FILE = {
  walk: 1,
  read: 2,
  write: 3,
  data: 4,
  writeEnd: 5,
  mkdir: 6,
  symlink: 7,
  remove: 8,
  set: 9,
  hash: 10,
  save: 11,
  restore: 12,
  stat: 13,
  space: 14,
  room: 15,
  link: 16,
  fifo: 17,
  xattrs: 18,
  setXattrs: 19,
};

export const u8 = (value) => Buffer.from([value]);
export function u16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
export function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
export const string = (text) => Buffer.from(`${text}\0`);

export function frame(type, id, payload = Buffer.alloc(0)) {
  return Buffer.concat([u32(payload.length), u8(0xa7), u8(type), u16(0), u32(id), payload]);
}

export const hello = (version = 1) => Buffer.concat([u16(version), Buffer.alloc(16, 0x5a)]);

export function execute(argv, options = {}) {
  const { flags = 0, uid = 1000, gid = 1000, timeoutMs = 0, graceMs = 0, credit = 1 << 20 } = options;
  const { directory = '/', environment = ['PATH=/usr/bin:/bin'], terminal } = options;
  const numbers = [
    flags | (terminal ? FLAG.terminal : 0),
    uid,
    gid,
    timeoutMs,
    graceMs,
    credit,
    credit,
    argv.length,
    environment.length,
  ];
  return Buffer.concat([
    ...numbers.map(u32),
    terminalSize(...(terminal ?? [0, 0])),
    ...[directory, ...argv, ...environment].map(string),
  ]);
}

export const terminalSize = (columns, rows) => Buffer.concat([u16(columns), u16(rows)]);
export const credit = (stream, bytes) => Buffer.concat([u8(stream), u32(bytes)]);
export const signal = (number, isTree) => Buffer.from([number, isTree ? 1 : 0]);
export const cancel = (cause, graceMs) => Buffer.concat([u8(cause), u32(graceMs)]);

export function attributes({ mode, uid, gid, seconds } = {}) {
  const set = (mode === undefined ? 0 : 1) | (uid === undefined ? 0 : 2) | (seconds === undefined ? 0 : 4);
  const time = Buffer.alloc(8);
  time.writeBigInt64LE(BigInt(seconds ?? 0));
  return Buffer.concat([u32(set), u32(mode ?? 0), u32(uid ?? 0), u32(gid ?? 0), time, u32(0)]);
}

export function fileRequest(type, ...parts) {
  const payload = Buffer.concat(parts);
  return Buffer.concat([u32(payload.length + 1), u8(type), payload]);
}
