/** What a supervisor must do as PID 1, one behaviour after the other. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { CAUSE, EXITED, expectExit, run, shell, start } from './executions.mjs';
import { attributes, cancel, credit, execute, FILE, FLAG, fileRequest, signal, string, TYPE, u32 } from './frames.mjs';
import { SupervisorProcess } from './supervisor-process.mjs';
import { terminals } from './terminals.mjs';

const ENOENT = 2;
const EPERM = 1;
const EACCES = 13;
const EROFS = 30;
const EOPNOTSUPP = 95;
const nothing = Buffer.alloc(0);

/** Requests to a file service, sent one by one; each resolves with its data answers or rejects with the error number. */
class FileService {
  #client;
  #id;
  #received = nothing;

  constructor(client, options) {
    this.#client = client;
    this.#id = start(client, [], { flags: FLAG.files | FLAG.stdin, ...options });
  }

  async request(type, ...parts) {
    this.send(fileRequest(type, ...parts));
    const answers = [];
    for (;;) {
      const { type: answer, payload } = await this.#next();
      if (answer === 1) return Buffer.concat(answers);
      if (answer === 2) return { errno: payload.readUInt32LE(0) };
      answers.push(payload);
    }
  }

  send(bytes) {
    this.#client.send(TYPE.stdin, this.#id, bytes);
  }

  async write(path, contents) {
    this.send(fileRequest(FILE.write, attributes({ mode: 0o640 }), string(path)));
    for (let at = 0; at < contents.length; at += 60_000) {
      this.send(fileRequest(FILE.data, contents.subarray(at, at + 60_000)));
    }
    return this.request(FILE.writeEnd);
  }

  async end() {
    this.#client.send(TYPE.stdinEnd, this.#id);
    return this.outcome();
  }

  outcome() {
    return this.#client.outcome(this.#id);
  }

  async #next() {
    while (this.#received.length < 4 || this.#received.length < 4 + this.#received.readUInt32LE(0)) {
      this.#received = Buffer.concat([this.#received, await this.#client.outputOf(this.#id, 1)]);
    }
    const length = this.#received.readUInt32LE(0);
    const answer = { type: this.#received[4], payload: this.#received.subarray(5, 4 + length) };
    this.#received = this.#received.subarray(4 + length);
    return answer;
  }
}

const behaviours = {
  async 'runs programs and says how they ended'(client) {
    await expectExit(client, ['true'], {}, {});
    await expectExit(client, shell('exit 7'), {}, { code: 7 });
    await expectExit(client, shell('kill -TERM $$'), {}, { signal: 15 });
    const { output } = await run(client, shell('id -u; pwd; echo $NAME'), {
      directory: '/tmp',
      environment: ['NAME=value'],
    });
    assert.equal(output.toString(), '1000\n/tmp\nvalue\n');
  },

  async 'refuses what it cannot or must not start'(client) {
    const refusals = [
      [['no-such-program'], {}, { stage: 4, errno: ENOENT }],
      [['true'], { directory: '/no-such-directory' }, { stage: 3, errno: ENOENT }],
      [['true'], { uid: 0 }, { stage: 2, errno: 1 }],
    ];
    for (const [argv, options, expected] of refusals) {
      const { stage, errno } = await run(client, argv, options);
      assert.deepEqual({ stage, errno }, expected);
    }
  },

  async 'passes on big output, no more than was granted'(client) {
    const { output } = await run(client, ['head', '-c', '20000000', '/dev/zero']);
    assert.equal(output.length, 20_000_000);
    client.renewsCredit = false;
    const id = start(client, ['head', '-c', '100000', '/dev/zero'], { credit: 1000 });
    assert.equal((await client.outputOf(id, 1000)).length, 1000);
    client.renewsCredit = true;
    client.send(TYPE.credit, id, credit(1, 200_000));
    await client.outcome(id);
    assert.equal(client.takeOutput(id).length, 99_000);
  },

  async 'passes on standard input and gives its window back'(client) {
    const id = start(client, ['wc', '-c'], { flags: FLAG.stdin });
    let window = 256 * 1024;
    for (let left = 600_000; left > 0; ) {
      const size = Math.min(left, window, 65_536);
      if (size > 0) client.send(TYPE.stdin, id, Buffer.alloc(size, 'x'));
      left -= size;
      window -= size;
      if (left > 0 && window === 0) window += (await client.answer(TYPE.stdinCredit, id)).readUInt32LE(0);
    }
    client.send(TYPE.stdinEnd, id);
    await client.outcome(id);
    assert.equal(client.takeOutput(id).toString(), '600000\n');
    const unread = start(client, ['true'], { flags: FLAG.stdin });
    for (let i = 0; i < 4; i++) client.send(TYPE.stdin, unread, Buffer.alloc(65_536));
    assert.equal((await client.outcome(unread)).code, 0);
  },

  async 'sends signals, ends by order and by time-out'(client) {
    const killed = start(client, ['sleep', '60']);
    await client.answer(TYPE.started, killed);
    client.send(TYPE.signal, killed, signal(9, false));
    assert.equal((await client.outcome(killed)).signal, 9);
    const stubborn = shell('trap "" TERM; echo; sleep 60; sleep 60');
    const cancelled = start(client, stubborn);
    await client.outputOf(cancelled, 1);
    client.send(TYPE.cancel, cancelled, cancel(CAUSE.aborted, 50));
    const { cause, signal: number, flags } = await client.outcome(cancelled);
    assert.deepEqual([cause, number, flags & EXITED.bySupervisor], [CAUSE.aborted, 9, EXITED.bySupervisor]);
    await expectExit(
      client,
      ['sleep', '60'],
      { timeoutMs: 100 },
      { cause: CAUSE.timeout, signal: 9, bySupervisor: true },
    );
    await expectExit(client, ['sleep', '60'], { timeoutMs: 100, graceMs: 9000 }, { cause: CAUSE.timeout, signal: 15 });
    await expectExit(client, shell('setsid sleep 60 & setsid setsid sleep 60 & exit 3'), {}, { code: 3 });
  },

  async 'lets kept processes live until they are cancelled'(client) {
    const id = start(client, shell('sleep 60 & exit 0'), { flags: FLAG.keep });
    const { flags, survivors } = await client.outcome(id);
    assert.deepEqual([flags & EXITED.background, survivors], [EXITED.background, 0]);
    client.send(TYPE.cancel, id, cancel(CAUSE.aborted, 0));
  },

  async 'freezes and ends all programs'(client) {
    const ids = [1, 2, 3].map(() => start(client, shell('while :; do :; done')));
    client.send(TYPE.freeze, 9001);
    assert.equal((await client.answer(TYPE.done, 9001)).readUInt32LE(0), 0);
    assert.equal((await run(client, ['true'])).stage, 5);
    client.send(TYPE.thaw, 9002);
    await client.answer(TYPE.done, 9002);
    client.send(TYPE.cancelAll, 9003, cancel(CAUSE.rolledBack, 0));
    await client.answer(TYPE.done, 9003);
    for (const id of ids) assert.equal((await client.outcome(id)).cause, CAUSE.rolledBack);
  },

  async 'freezes a child that lets its parent go on as often as it can'(client) {
    const reviver = 'setsid sh -c "while :; do echo; kill -CONT \\$PPID; done" & while :; do :; done';
    const id = start(client, shell(reviver));
    await client.outputOf(id, 10);
    client.send(TYPE.freeze, 9020);
    await client.answer(TYPE.done, 9020);
    do client.send(TYPE.ping, 9021);
    while ((await client.answer(TYPE.done, 9021)) && client.takeOutput(id).length > 0);
    client.send(TYPE.thaw, 9022);
    await client.answer(TYPE.done, 9022);
    await client.outputOf(id, 10);
    client.send(TYPE.cancel, id, cancel(CAUSE.aborted, 0));
    assert.equal((await client.outcome(id)).cause, CAUSE.aborted);
    client.takeOutput(id);
  },

  async 'runs many at once'(client) {
    const ids = Array.from({ length: 60 }, (_, index) => start(client, shell(`echo ${index}; exit ${index}`)));
    for (const [index, id] of ids.entries()) assert.equal((await client.outcome(id)).code, index);
  },

  async 'ends what a lost keeper leaves behind'(client, supervisor) {
    const id = start(client, shell('echo; while :; do sleep 60; done'));
    await client.outputOf(id, 1);
    for (const keeper of supervisor.keepers()) process.kill(keeper, 'SIGKILL');
    assert.equal((await client.outcome(id)).flags & (EXITED.code | EXITED.signal), 0);
    const { output } = await run(client, shell('cat /proc/[0-9]*/comm 2>/dev/null | grep -c sleep'));
    assert.equal(output.toString(), '0\n');
  },

  async 'answers calls and probes'(client) {
    client.send(TYPE.ping, 9010);
    client.send(TYPE.counters, 9011);
    assert.equal((await client.answer(TYPE.done, 9010)).readUInt32LE(0), 0);
    assert.equal((await client.answer(TYPE.countersReply, 9011)).length, 112);
    const { output } = await run(client, ['/proc/self/oom_score_adj', '/none'], { flags: FLAG.probe });
    assert.equal(output.toString(), '/proc/self/oom_score_adj\x001000\n\0/none\0\0');
  },

  async 'serves files as root'(client) {
    const files = new FileService(client, { flags: FLAG.files | FLAG.stdin | FLAG.privileged });
    const contents = Buffer.alloc(300_000, 7);
    assert.equal((await files.request(FILE.mkdir, attributes({ mode: 0o755 }), string('/tmp/d'))).length, 0);
    assert.equal((await files.write('/tmp/d/file', contents)).length, 0);
    assert.deepEqual(await files.request(FILE.read, string('/tmp/d/file')), contents);
    const saved = await files.request(FILE.save, string('/tmp/d/file'));
    assert.deepEqual(await files.request(FILE.hash, string('/tmp/d/file')), saved.subarray(0, 32));
    const digest = string(saved.subarray(0, 32).toString('hex'));
    assert.equal(
      (await files.request(FILE.restore, attributes({ uid: 1000, gid: 1000 }), string('/tmp/d/copy'), digest)).length,
      0,
    );
    const entry = await files.request(FILE.stat, string('/tmp/d/copy'));
    assert.deepEqual([entry.readUInt32LE(4), Number(entry.readBigUInt64LE(40))], [1000, contents.length]);
    assert.equal((await files.request(FILE.symlink, attributes(), string('/tmp/d/link'), string('/etc'))).length, 0);
    assert.ok((await files.request(FILE.walk, string('/tmp'))).includes('/tmp/d/link'));
    assert.ok((await files.request(FILE.walk, string('/etc'))).length > 1000);
    await checkLinksAndAttributes(files);
    const space = await files.request(FILE.space, string('/tmp/d'), Buffer.alloc(8));
    assert.ok(space.readBigUInt64LE(0) >= BigInt(contents.length) && space.readBigUInt64LE(8) >= 3n);
    assert.deepEqual(space.subarray(16), space.subarray(0, 16));
    const later = await files.request(FILE.space, string('/tmp/d'), Buffer.alloc(8, 0x7f));
    assert.deepEqual(later.subarray(16), Buffer.alloc(16));
    assert.equal((await files.request(FILE.room, string('/tmp'))).errno, 1);
    const paths = [
      '/none/x',
      '/tmp/',
      '/tmp/../etc/passwd',
      '/tmp/d/link/passwd',
      `/${'a'.repeat(300)}`,
      '/proc/1/mem',
      '/dev/null',
    ];
    for (const path of [...paths, `/${'a/'.repeat(3000)}x`]) {
      assert.ok((await files.request(FILE.read, string(path))).errno > 0, path);
    }
    assert.equal((await files.request(FILE.remove, string('/tmp/d'))).length, 0);
    assert.equal((await files.end()).code, 0);
  },

  async 'serves files as the user, and ends at a malformed request'(client) {
    const files = new FileService(client);
    assert.equal((await files.request(FILE.read, string('/etc/shadow'))).errno, EACCES);
    assert.equal((await files.request(FILE.save, string('/etc/passwd'))).errno, 1);
    assert.equal((await files.request(FILE.room, string('/tmp'))).length, 0);
    assert.equal((await files.request(FILE.room, string('/etc'))).errno, EROFS);
    files.send(fileRequest(99, string('/')));
    assert.equal((await files.outcome()).code, 70);
  },

  async 'takes further clients by relay, and root only'(client, supervisor) {
    const relay = supervisor.relay();
    assert.equal((await relay.greet())[50], 0);
    await expectExit(relay, ['true'], {}, {});
    relay.send(TYPE.stdin, 1);
    relay.send(TYPE.execute, 1, execute(['true']).subarray(0, 40));
    assert.equal((await relay.answer(TYPE.protocolError, 0)).toString(), 'malformed message');
    assert.equal(await relay.exited, 0);
    await expectExit(client, [...supervisor.command, 'relay'], {}, { code: 72 });
  },

  ...terminals,
};

/** PID 1's ends: what is sent last, and its exit code. */
const ends = {
  'ends with 70 at bytes that are no frame': async (client) => {
    client.write(Buffer.from('garbage that is no frame'));
    assert.match((await client.answer(TYPE.protocolError, 0)).toString(), /no frame/);
    return 70;
  },
  'ends with 70 at a malformed request': async (client) => {
    const request = execute(['true']);
    request.writeUInt32LE(65_536, 28);
    client.send(TYPE.execute, 1, request);
    await client.answer(TYPE.protocolError, 0);
    return 70;
  },
  'ends with 70 at a program that asks for all that PID 1 may do': async (client) => {
    client.send(TYPE.execute, 1, execute(['true'], { flags: FLAG.privileged }));
    await client.answer(TYPE.protocolError, 0);
    return 70;
  },
  'as a guard, starts programs with all that PID 1 may do': async (client) => {
    const script = 'id -u; grep -h -e CapEff -e Seccomp: /proc/self/status /proc/1/status';
    const { output } = await run(client, shell(script), { flags: FLAG.privileged, uid: 0, gid: 0 });
    const [uid, ...lines] = output.toString().trim().split('\n');
    assert.equal(uid, '0');
    assert.deepEqual(lines.slice(0, lines.length / 2), lines.slice(lines.length / 2));
    await expectExit(client, shell('sleep 60 & exit 3'), { flags: FLAG.privileged }, { code: 3 });
    client.end();
    return 0;
  },
  'ends with 70 at more input than was granted': async (client) => {
    const id = start(client, ['sleep', '60'], { flags: FLAG.stdin });
    for (let i = 0; i < 6; i++) client.send(TYPE.stdin, id, Buffer.alloc(65_536));
    await client.answer(TYPE.protocolError, 0);
    return 70;
  },
  'ends at the end of its input': async (client) => {
    client.end();
    return 0;
  },
  'ends when it is told to': async (client) => {
    await client.answer(TYPE.started, start(client, ['sleep', '60']));
    client.send(TYPE.shutdown, 0);
    return 0;
  },
};

/**
 * Runs everything but the behaviours that are named as not to be had; resolves with how many, or rejects with the
 * first failure, named. An emulator runs a binary of another architecture.
 */
async function checkLinksAndAttributes(files) {
  for (const existing of ['/tmp/d/file', '/tmp/d/file', '/tmp/d/second']) {
    assert.equal((await files.request(FILE.link, string('/tmp/d/second'), string(existing))).length, 0);
  }
  assert.equal((await files.request(FILE.stat, string('/tmp/d/second'))).readUInt32LE(12), 2);
  assert.equal((await files.request(FILE.link, string('/tmp/d/third'), string('/tmp/none'))).errno, ENOENT);
  assert.equal((await files.request(FILE.fifo, attributes({ mode: 0o640 }), string('/tmp/d/fifo'))).length, 0);
  assert.equal((await files.request(FILE.stat, string('/tmp/d/fifo'))).readUInt32LE(0) & 0o177777, 0o10640);
  assert.equal((await files.request(FILE.xattrs, string('/tmp/d/fifo'))).errno, EOPNOTSUPP);
  const write = (name, value) =>
    files.request(FILE.setXattrs, string('/tmp/d/file'), string(name), u32(value.length), Buffer.from(value));
  assert.equal((await write('security.capability', 'x')).errno, EPERM);
  // Before Linux 6.6 no file system in memory has any.
  if ((await write('user.first', 'one')).errno === EOPNOTSUPP) return;
  assert.equal((await write('user.second', 'two')).length, 0);
  assert.equal((await files.request(FILE.xattrs, string('/tmp/d/file'))).toString(), 'user.second\0two');
  const [changed, extended] = [0x1_0000, 0x2_0000];
  const listed = await files.request(FILE.walk, string('/tmp/d/file'));
  assert.equal(listed.readUInt32LE(0) & 0x3_0000, changed | extended);
}

export async function driveSupervisor(binary, { emulator, isToBeHad = () => true } = {}) {
  const buildId = readFileSync(`${binary}.build-id`, 'utf8');
  const names = Object.keys(ends);
  const wanted = Object.entries(behaviours).filter(([title]) => isToBeHad(title));
  for (const [index, name] of names.entries()) {
    const supervisor = new SupervisorProcess(binary, { emulator, isGuard: name.startsWith('as a guard') });
    const { client } = supervisor;
    await named('greets', supervisor, async () => {
      const welcome = await client.greet();
      assert.equal(welcome.length, 61);
      assert.equal(welcome.readUInt16LE(0), 1);
      assert.deepEqual(welcome.subarray(2, 18), Buffer.alloc(16, 0x5a));
      assert.equal(welcome.toString('latin1', 18, 50), buildId);
      assert.equal(welcome[50], 1);
    });
    if (index === 0) {
      for (const [title, act] of wanted) {
        await named(title, supervisor, () => act(client, supervisor));
      }
    }
    await named(name, supervisor, async () => {
      const code = await ends[name](client);
      assert.equal(await client.exited, code);
    });
    await supervisor.close();
  }
  return names.length + wanted.length;
}

async function named(title, supervisor, act) {
  try {
    await act();
  } catch (error) {
    // What a sanitizer says matters more than what did not arrive because of it.
    const report = await supervisor.close().then(
      () => '',
      (failure) => `\n${failure.message}`,
    );
    throw new Error(`The supervisor: ${title}: ${error.stack}${report}`, { cause: error });
  }
}
