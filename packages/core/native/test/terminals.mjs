/** What the sanitized supervisor must do with terminals. */
import assert from 'node:assert/strict';
import { CAUSE, expectExit, run, shell, start } from './executions.mjs';
import { cancel, execute, TYPE, terminalSize } from './frames.mjs';
import { MAX_TERMINALS } from './supervisor-process.mjs';

const ENOSPC = 28;
const terminal = [80, 24];

export const terminals = {
  async 'gives a program a terminal of its own, and takes it away'(client) {
    const line =
      'test -t 0 && test -t 1 && test -t 2 && stty size && stat -c %u $(tty) && echo on it >/dev/tty; ls /dev/pts';
    assert.equal(
      (await run(client, shell(line), { terminal })).output.toString(),
      '24 80\r\n1000\r\non it\r\n0  ptmx\r\n',
    );
    assert.equal((await run(client, ['ls', '/dev/pts'])).output.toString(), 'ptmx\n');
    await expectExit(
      client,
      ['sleep', '60'],
      { terminal, timeoutMs: 100 },
      { cause: CAUSE.timeout, signal: 9, bySupervisor: true },
    );
    const reopened = await run(client, shell('t=$(tty); exec 0<&- 1>&- 2>&-; exec >$t; echo again; exit 5'), {
      terminal,
    });
    assert.deepEqual([reopened.code, reopened.output.toString()], [5, 'again\r\n']);
    assert.equal((await run(client, ['no-such-program'], { terminal })).stage, 4);
    assert.equal((await run(client, ['ls', '/dev/pts'])).output.toString(), 'ptmx\n');
    const big = await run(client, shell('stty raw; head -c 3000000 /dev/zero'), { terminal });
    assert.equal(big.output.length, 3_000_000);
  },

  async 'ends what left its terminal for a session of its own'(client) {
    const id = start(client, shell('setsid sh -c "echo; sleep 60" & sleep 60 & read line; exit 3'), { terminal });
    await client.outputOf(id, 2);
    client.send(TYPE.stdin, id, Buffer.from('\n'));
    const { code, survivors } = await client.outcome(id);
    assert.deepEqual({ code, survivors }, { code: 3, survivors: 0 });
    client.takeOutput(id);
  },

  async 'changes the size of a terminal, and tells the foreground'(client) {
    const line = 'trap "stty size; exit 4" WINCH; echo; while :; do sleep 0.01; done';
    const id = start(client, shell(line), { terminal });
    await client.outputOf(id, 2);
    client.send(TYPE.resize, id, terminalSize(65535, 1));
    assert.equal((await client.outcome(id)).code, 4);
    assert.equal(client.takeOutput(id).toString(), '1 65535\r\n');
    client.send(TYPE.resize, id, terminalSize(1, 1));
  },

  async 'types at a terminal, and is not held up where nobody reads'(client) {
    const cat = start(client, shell('stty -echo; echo; cat'), { terminal });
    await client.outputOf(cat, 2);
    client.send(TYPE.stdin, cat, Buffer.from('typed\n\u0004'));
    client.send(TYPE.stdinEnd, cat);
    assert.equal((await client.outcome(cat)).code, 0);
    assert.equal(client.takeOutput(cat).toString(), 'typed\r\n');
    const interrupted = start(client, ['sleep', '60'], { terminal });
    await client.answer(TYPE.started, interrupted);
    client.send(TYPE.stdin, interrupted, Buffer.from('\u0003'));
    assert.equal((await client.outcome(interrupted)).signal, 2);
    const deaf = start(client, ['sleep', '60'], { terminal });
    for (let i = 0; i < 4; i++) client.send(TYPE.stdin, deaf, Buffer.alloc(65_536, '\n'));
    await expectExit(client, ['true'], {}, {});
    client.send(TYPE.cancel, deaf, cancel(CAUSE.aborted, 0));
    assert.equal((await client.outcome(deaf)).cause, CAUSE.aborted);
    client.takeOutput(deaf);
  },

  async 'refuses a terminal where there are no more'(client) {
    const ids = Array.from({ length: MAX_TERMINALS }, () => start(client, shell('echo; sleep 60'), { terminal }));
    for (const id of ids) await client.outputOf(id, 2);
    const { stage, errno } = await run(client, ['true'], { terminal });
    assert.deepEqual({ stage, errno }, { stage: 6, errno: ENOSPC });
    for (const id of ids) client.send(TYPE.cancel, id, cancel(CAUSE.aborted, 0));
    for (const id of ids) await client.outcome(id);
    await expectExit(client, ['true'], { terminal }, {});
  },

  async 'lets go on in the foreground what was frozen under a shell with job control'(client) {
    const id = start(client, ['sh', '-i'], { terminal, environment: ['PATH=/usr/bin:/bin', 'PS1=', 'PS2='] });
    client.send(TYPE.stdin, id, Buffer.from('stty -echo\nsh -c "echo up; read line; echo got \\$line"\n'));
    for (let seen = ''; !seen.includes('up\r\n'); ) seen += await client.outputOf(id, 1);
    for (let call = 9100; call < 9150; call += 2) {
      client.send(TYPE.freeze, call);
      await client.answer(TYPE.done, call);
      client.send(TYPE.thaw, call + 1);
      await client.answer(TYPE.done, call + 1);
    }
    client.send(TYPE.stdin, id, Buffer.from('it\nexit 6\n'));
    assert.equal((await client.outcome(id)).code, 6);
    assert.equal(client.takeOutput(id).toString(), 'got it\r\n');
  },

  async 'ends a connection that asks for no size, or for one without a terminal'(_client, supervisor) {
    for (const size of [
      [0, 24],
      [80, 0],
    ]) {
      const other = supervisor.relay();
      await other.greet();
      other.send(TYPE.execute, 1, execute(['true'], { terminal: size }));
      assert.equal((await other.answer(TYPE.protocolError, 0)).toString(), 'malformed message');
    }
    for (const [options, columns] of [
      [{ terminal }, 0],
      [{}, 80],
    ]) {
      const other = supervisor.relay();
      await other.greet();
      other.send(TYPE.execute, 1, execute(['sleep', '60'], options));
      other.send(TYPE.resize, 1, terminalSize(columns, 24));
      assert.equal((await other.answer(TYPE.protocolError, 0)).toString(), 'malformed message');
    }
  },
};
