/**
 * Writes what the fuzz targets begin with: `npm run test:native:corpus`. The targets say how they read it.
 * Other files in the folders, such as inputs that once failed, stay.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  attributes,
  cancel,
  credit,
  execute,
  FILE,
  FLAG,
  fileRequest,
  frame,
  hello,
  signal,
  string,
  TYPE,
  terminalSize,
  u8,
  u16,
  u32,
} from './frames.mjs';

const corpus = join(dirname(fileURLToPath(import.meta.url)), 'corpus');

// The steps of fuzz-connection.c, by their place in its enumeration.
const raw = (bytes) => Buffer.concat([u8(0), u16(bytes.length), bytes]);
const send = (type, id = 0, payload = Buffer.alloc(0)) =>
  Buffer.concat([u8(1), u8(type), u8(id), u16(payload.length), payload]);
const fill = (type, id, count) => Buffer.concat([u8(2), u8(type), u8(id), u16(count)]);
const report = (peer, type, ...fields) => {
  const bytes = Buffer.concat(fields.map(u32));
  return Buffer.concat([u8(3), u8(peer), u8(type), u8(bytes.length), bytes]);
};
const output = (peer, stream, count) => Buffer.concat([u8(4), u8(peer), u8(stream), u16(count)]);
const end = (peer, part) => Buffer.from([5, peer, part]);
const pass = (milliseconds) => Buffer.concat([u8(6), u16(milliseconds)]);
const drain = u8(7);
const client = (index) => Buffer.from([8, index]);
const hangUp = u8(9);
const failForks = u8(10);
const fillTable = u8(11);

const REPORT = { started: 1, refused: 2, leader: 3, finished: 4, frozen: 5, thawed: 6 };
const greeting = send(TYPE.hello, 0, hello());
const start = (id, options, argv = ['true']) => send(TYPE.execute, id, execute(argv, options));
const lifetime = (peer) => [
  report(peer, REPORT.started, 7),
  report(peer, REPORT.leader, 0),
  report(peer, REPORT.finished),
];
const withNumber = (offset, value) => {
  const payload = execute(['true']);
  payload.writeUInt32LE(value, offset);
  return payload;
};

const connection = {
  hello: [greeting, send(TYPE.ping, 1), send(TYPE.counters, 2)],
  'hello-late': [send(TYPE.ping, 1)],
  'hello-twice': [greeting, greeting],
  'hello-version': [send(TYPE.hello, 0, hello(2))],
  'hello-short': [client(1), send(TYPE.hello, 0, hello().subarray(0, 17))],
  'frame-split': [raw(frame(TYPE.hello, 0, hello()).subarray(0, 5)), raw(frame(TYPE.hello, 0, hello()).subarray(5))],
  'frame-magic': [greeting, raw(Buffer.from('garbage that is no frame'))],
  'frame-zero': [greeting, raw(Buffer.from([0, 0, 0, 0, 0xa7, 0x0c, 0, 1, 0, 0, 0, 0]))],
  'frame-long': [greeting, raw(Buffer.concat([u32(65537), u8(0xa7), u8(TYPE.ping), u16(0), u32(1)]))],
  'frame-longest': [greeting, fill(TYPE.ping, 1, 65535), send(TYPE.ping, 2)],
  'frame-large-execute': [greeting, raw(Buffer.concat([u32(1 << 20), u8(0xa7), u8(TYPE.execute), u16(0), u32(1)]))],
  'frame-unknown': [greeting, send(0x0f, 1)],
  shutdown: [greeting, send(TYPE.shutdown)],
  'owner-gone': [greeting, start(1), hangUp],
  'short-credit': [client(1), greeting, send(TYPE.credit, 1, u8(1))],
  'short-signal': [client(1), greeting, send(TYPE.signal, 1, u8(9))],
  'short-cancel': [client(1), greeting, send(TYPE.cancel, 1, u8(2))],
  'short-cancel-all': [client(1), greeting, send(TYPE.cancelAll, 1, u8(2))],
  'no-such-execution': [
    greeting,
    send(TYPE.stdin, 9, u8(1)),
    send(TYPE.stdinEnd, 9),
    send(TYPE.credit, 9, credit(1, 5)),
    send(TYPE.signal, 9, signal(15, true)),
    send(TYPE.cancel, 9, cancel(2, 100)),
  ],
  execute: [greeting, start(1), ...lifetime(0), end(0, 1), end(0, 2), end(0, 4), drain],
  'execute-arguments': [greeting, start(1, { environment: [], directory: '/tmp' }, ['sh', '-c', '']), ...lifetime(0)],
  'execute-no-arguments': [greeting, start(1, {}, [])],
  'execute-many-arguments': [greeting, send(TYPE.execute, 1, withNumber(28, 65536))],
  'execute-missing-arguments': [greeting, send(TYPE.execute, 1, withNumber(28, 3))],
  'execute-many-variables': [greeting, send(TYPE.execute, 1, withNumber(32, 0xffffffff))],
  'execute-left-over': [greeting, send(TYPE.execute, 1, Buffer.concat([execute(['true']), u8(0)]))],
  'execute-no-directory': [greeting, send(TYPE.execute, 1, execute(['true']).subarray(0, 40))],
  'execute-no-size': [greeting, send(TYPE.execute, 1, execute(['true']).subarray(0, 38))],
  'execute-short': [greeting, send(TYPE.execute, 1, execute(['true']).subarray(0, 30))],
  'execute-root': [greeting, start(1, { uid: 0 }), start(2, { gid: 0 }), start(3, { uid: 0xffffffff }), start(4)],
  'execute-privileged-program': [greeting, start(1, { flags: FLAG.privileged })],
  'execute-files': [
    greeting,
    start(1, { flags: FLAG.files | FLAG.privileged | FLAG.stdin, uid: 0 }, []),
    fill(TYPE.stdin, 1, 99),
  ],
  'execute-same-id': [greeting, start(1), start(1)],
  'execute-no-fork': [greeting, failForks, start(1), failForks, start(1)],
  'execute-no-owner-of-pipe': [greeting, start(1, { uid: 77, gid: 77 })],
  'execute-full': [greeting, fillTable, start(1), fillTable, start(1)],
  refused: [greeting, start(1), report(0, REPORT.refused, 0, 4, 2), end(0, 4), start(1)],
  'report-short': [greeting, start(1), report(0, REPORT.started, ...Array(12).fill(0))],
  'report-unknown': [greeting, start(1), report(0, 200, 1, 2, 3)],
  'keeper-lost': [greeting, start(1), report(0, REPORT.started, 7), end(0, 4), end(0, 1), end(0, 2), drain],
  'keeper-lost-and-held': [greeting, start(1), output(0, 1, 99), end(0, 5), drain],
  timeout: [
    greeting,
    start(1, { timeoutMs: 100, graceMs: 50 }),
    start(2, { timeoutMs: 300 }),
    pass(150),
    pass(200),
    ...lifetime(0),
  ],
  output: [
    greeting,
    start(1, { credit: 1000 }),
    output(0, 1, 3000),
    output(0, 2, 3000),
    send(TYPE.credit, 1, credit(1, 5000)),
    send(TYPE.credit, 1, credit(2, 0xffffffff)),
    send(TYPE.credit, 1, credit(3, 1)),
    ...lifetime(0),
    drain,
  ],
  'output-unread': [greeting, start(1, { credit: 0xffffffff }), ...Array(24).fill(output(0, 1, 60000)), drain, drain],
  'output-after-end': [
    client(1),
    greeting,
    start(1),
    hangUp,
    output(0, 1, 500),
    ...lifetime(0),
    output(0, 1, 500),
    end(0, 1),
  ],
  keep: [
    greeting,
    start(1, { flags: FLAG.keep }),
    report(0, REPORT.started, 7),
    report(0, REPORT.leader, 0, 0, 0, 0, 0, 1),
    output(0, 1, 9),
  ],
  stdin: [
    greeting,
    start(1, { flags: FLAG.stdin }),
    send(TYPE.stdin, 1, Buffer.from('input')),
    fill(TYPE.stdin, 1, 65535),
    fill(TYPE.stdin, 1, 65535),
    drain,
    send(TYPE.stdinEnd, 1),
    send(TYPE.stdin, 1, u8(0)),
  ],
  'stdin-window': [greeting, start(1, { flags: FLAG.stdin }), ...Array(7).fill(fill(TYPE.stdin, 1, 65535))],
  'stdin-unread': [greeting, start(1, { flags: FLAG.stdin }), end(0, 0), fill(TYPE.stdin, 1, 100), end(0, 0)],
  'stdin-none': [client(1), greeting, start(1), send(TYPE.stdin, 1, u8(0))],
  signal: [greeting, start(1), send(TYPE.signal, 1, signal(15, false)), send(TYPE.signal, 1, signal(255, true)), drain],
  cancel: [
    greeting,
    start(1),
    send(TYPE.cancel, 1, cancel(2, 100)),
    send(TYPE.cancel, 1, cancel(255, 0)),
    ...lifetime(0),
  ],
  'cancel-all': [greeting, start(1), start(2), send(TYPE.cancelAll, 3, cancel(3, 0)), ...lifetime(0), end(1, 4), drain],
  freeze: [
    greeting,
    start(1),
    send(TYPE.freeze, 2),
    start(3),
    report(0, REPORT.frozen),
    client(1),
    greeting,
    send(TYPE.freeze, 4),
    client(0),
    send(TYPE.thaw, 5),
    report(0, REPORT.thawed),
  ],
  'freeze-abandoned': [
    client(1),
    greeting,
    send(TYPE.freeze, 1),
    client(0),
    greeting,
    start(1),
    client(1),
    hangUp,
    client(0),
    start(1),
  ],
  'call-abandoned': [
    greeting,
    start(1),
    client(1),
    greeting,
    send(TYPE.cancelAll, 2, cancel(3, 0)),
    hangUp,
    client(0),
    send(TYPE.ping, 3),
    ...lifetime(0),
  ],
  terminal: [
    greeting,
    start(1, { terminal: [80, 24] }),
    send(TYPE.resize, 1, terminalSize(132, 50)),
    send(TYPE.stdin, 1, Buffer.from('input\n\u0004')),
    output(0, 1, 3000),
    output(0, 2, 3000),
    send(TYPE.stdinEnd, 1),
    ...lifetime(0),
    send(TYPE.resize, 1, terminalSize(1, 65535)),
    end(0, 0),
    end(0, 1),
    end(0, 2),
    end(0, 4),
    drain,
  ],
  'terminal-closed': [
    greeting,
    start(1, { terminal: [80, 24] }),
    end(0, 0),
    end(0, 1),
    end(0, 2),
    send(TYPE.resize, 1, terminalSize(80, 25)),
    send(TYPE.stdin, 1, Buffer.from('input\n')),
    ...lifetime(0),
  ],
  'terminal-unread': [
    greeting,
    start(1, { terminal: [80, 24] }),
    fill(TYPE.stdin, 1, 65535),
    ...Array(40).fill(send(TYPE.stdin, 1, Buffer.alloc(4000, '\n'))),
    drain,
    fill(TYPE.stdin, 1, 9000),
    end(0, 0),
    end(0, 1),
    end(0, 2),
  ],
  'terminal-files': [greeting, start(1, { flags: FLAG.files, terminal: [80, 24] }, [])],
  'terminal-no-columns': [greeting, start(1, { terminal: [0, 24] })],
  'terminal-no-rows': [greeting, start(1, { terminal: [80, 0] })],
  'terminal-not-asked-for': [greeting, send(TYPE.execute, 1, withNumber(36, 0x00180050))],
  'terminal-no-owner': [greeting, start(1, { terminal: [80, 24], uid: 77, gid: 77 })],
  'terminal-no-fork': [greeting, failForks, start(1, { terminal: [80, 24] })],
  'resize-no-terminal': [greeting, start(1), send(TYPE.resize, 1, terminalSize(80, 24))],
  'resize-no-columns': [greeting, start(1, { terminal: [80, 24] }), send(TYPE.resize, 1, terminalSize(0, 24))],
  'resize-short': [greeting, start(1, { terminal: [80, 24] }), send(TYPE.resize, 1, u8(80))],
  'resize-nothing': [greeting, send(TYPE.resize, 9, terminalSize(80, 24))],
  clients: [
    client(1),
    greeting,
    start(1),
    client(2),
    greeting,
    start(1),
    client(3),
    greeting,
    client(1),
    hangUp,
    client(2),
    hangUp,
  ],
};

const path = (type, text, ...rest) => fileRequest(type, string(text), ...rest);
const place = (type, text, options, ...rest) => fileRequest(type, attributes(options), string(text), ...rest);
const xattr = (name, value) => Buffer.concat([string(name), u32(value.length), Buffer.from(value)]);
const digestOfX = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';

const service = {
  walk: [path(FILE.walk, '/'), path(FILE.walk, '/d'), path(FILE.walk, '/none')],
  read: [path(FILE.read, '/f'), path(FILE.read, '/d/link'), path(FILE.read, '/d')],
  hash: [path(FILE.hash, '/f'), path(FILE.hash, '/none')],
  stat: [path(FILE.stat, '/d/link'), path(FILE.stat, '/')],
  write: [place(FILE.write, '/d/new', {}), fileRequest(FILE.data, Buffer.from('contents')), fileRequest(FILE.writeEnd)],
  'write-nowhere': [place(FILE.write, '/none/new', {}), fileRequest(FILE.data, u8(1)), fileRequest(FILE.writeEnd)],
  'write-long-name': [place(FILE.write, `/${'n'.repeat(300)}`, {}), fileRequest(FILE.writeEnd)],
  'write-over-directory': [place(FILE.write, '/d', {}), fileRequest(FILE.writeEnd)],
  'write-unfinished': [place(FILE.write, '/d/new', {})],
  'write-stray': [fileRequest(FILE.data, u8(1)), fileRequest(FILE.writeEnd)],
  mkdir: [place(FILE.mkdir, '/d/new', {}), place(FILE.mkdir, '/d', {}), place(FILE.mkdir, '/f', {})],
  symlink: [place(FILE.symlink, '/d/new', {}, string('/f')), place(FILE.symlink, '/d/new', {}, string('x'))],
  remove: [path(FILE.remove, '/d'), path(FILE.remove, '/none'), path(FILE.remove, '/none/x')],
  set: [
    place(FILE.set, '/f', { uid: 0, gid: 0 }),
    place(FILE.set, '/f', { mode: 0o777 }),
    place(FILE.set, '/f', { seconds: -1 }),
  ],
  save: [path(FILE.save, '/f'), path(FILE.save, '/d')],
  restore: [place(FILE.restore, '/new', {}, string(digestOfX)), place(FILE.restore, '/new', {}, string('../x'))],
  'restore-broken': [path(FILE.remove, '/f'), place(FILE.restore, '/f', {}, string('0'.repeat(64)))],
  paths: ['', '/', '//', '/d/', '/d/..', '/../f', '/d/../f', `/${'n'.repeat(256)}/x`, '/d/link/x', 'f'].map((text) =>
    path(FILE.stat, text),
  ),
  'no-path': [fileRequest(FILE.stat)],
  'no-path-to-write': [fileRequest(FILE.write, attributes())],
  'no-target': [place(FILE.symlink, '/d/new', {})],
  'no-digest': [place(FILE.restore, '/d/new', {})],
  'open-path': [fileRequest(FILE.read, Buffer.from('/f'))],
  'short-attributes': [fileRequest(FILE.set, u32(7))],
  space: [path(FILE.space, '/', Buffer.alloc(8)), path(FILE.space, '/none', Buffer.alloc(8, 0x7f))],
  room: [path(FILE.room, '/d'), path(FILE.room, '/f')],
  'no-moment': [path(FILE.space, '/')],
  link: [
    path(FILE.link, '/d/new', string('/f')),
    path(FILE.link, '/d/new', string('/f')),
    path(FILE.link, '/x', string('/none')),
  ],
  'no-existing': [path(FILE.link, '/d/new')],
  fifo: [place(FILE.fifo, '/d/new', {}), place(FILE.fifo, '/d/new', {}), path(FILE.stat, '/d/new')],
  xattrs: [
    path(FILE.setXattrs, '/f', xattr('user.a', 'one'), xattr('user.b', '')),
    path(FILE.xattrs, '/f'),
    path(FILE.walk, '/'),
    path(FILE.setXattrs, '/f', xattr('user.b', 'two')),
    path(FILE.setXattrs, '/f', xattr('security.x', 'y')),
    path(FILE.setXattrs, '/d/link'),
    path(FILE.xattrs, '/d/link'),
    path(FILE.xattrs, '/none'),
  ],
  'xattr-cut': [path(FILE.setXattrs, '/f', string('user.a'), u32(9))],
  unknown: [fileRequest(99, string('/f'))],
  empty: [u32(0)],
  'too-long': [u32(65537)],
  cut: [u32(8), u8(2)],
};
const files = {};
for (const [name, requests] of Object.entries(service)) {
  files[name] = [u8(0), ...requests];
  files[`${name}-privileged`] = [u8(1), ...requests];
}

const wire = {
  numbers: [Buffer.from([0, 1, 1, 2, 3, 2, 4, 5, 6, 7, 3, 8, 9, 10, 11, 12, 13, 14, 15, 0])],
  strings: [u8(4), string('text'), u8(5), string(''), u8(6), Buffer.from('no end')],
  buffers: [Buffer.from([255, 253, 254, 129, 80, 131, 60, 254, 254, 255, 1, 3, 5, 254])],
  growth: [Buffer.alloc(3000, 255), Buffer.alloc(200, 254)],
  empty: [],
};

for (const [target, inputs] of Object.entries({ connection, files, wire })) {
  mkdirSync(join(corpus, target), { recursive: true });
  for (const [name, parts] of Object.entries(inputs)) writeFileSync(join(corpus, target, name), Buffer.concat(parts));
}
