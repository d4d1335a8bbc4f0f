import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { hijack } from '../../../../src/engine/connection/hijack.js';
import type { HijackedStream } from '../../../../src/engine/connection/hijacked-stream.js';

const request = {
  method: 'POST',
  path: '/containers/x/attach',
  subject: { kind: 'container', id: 'x' },
  query: { stream: 1, detachKeys: 'ctrl-p,&' },
} as const;
const upgraded = 'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';

interface Peer {
  ask(signal?: AbortSignal): Promise<HijackedStream | undefined>;
  /** What was sent to it. */
  readonly received: () => string;
  readonly socket: () => Socket;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Something at the other end of a socket that behaves as `behave` says once it was asked. */
async function createPeer(behave: (socket: Socket) => void): Promise<Peer> {
  const path = join(tmpdir(), `paracle-${randomUUID()}.sock`);
  const sockets: Socket[] = [];
  let received = '';
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => behave(socket));
    socket.on('data', (bytes) => {
      received += bytes.toString();
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    ask: async (signal = new AbortController().signal) => hijack({ path }, request, { prefix: '/v1.41', signal }),
    received: () => received,
    socket: () => {
      const [first] = sockets;
      if (first === undefined) throw new Error('Expected a connection');
      return first;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await rm(path, { force: true });
    },
  };
}

async function ask(peer: Peer): Promise<HijackedStream> {
  const stream = await peer.ask();
  if (stream === undefined) throw new Error('Expected an upgrade');
  return stream;
}

/** All that comes until the other end has ended. */
async function readAll(stream: HijackedStream): Promise<string> {
  let text = '';
  stream.receive((bytes) => {
    text += bytes.toString();
  });
  await stream.closed;
  return text;
}

it('asks in one message that an engine understands', async () => {
  await using peer = await createPeer((socket) => socket.write(upgraded));
  (await ask(peer)).destroy();

  expect(peer.received().split('\r\n')).toEqual([
    'POST /v1.41/containers/x/attach?stream=1&detachKeys=ctrl-p%2C%26 HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: tcp',
    'Content-Type: application/json',
    'Content-Length: 0',
    '',
    '',
  ]);
});

it('hands over what came with the answer’s head, and what came before anybody received', async () => {
  await using peer = await createPeer((socket) => socket.write(`${upgraded}first `));
  const stream = await ask(peer);
  peer.socket().write('second ');
  await new Promise((resolve) => setTimeout(resolve, 20));
  peer.socket().end('third');

  expect(await readAll(stream)).toBe('first second third');
});

it('understands a head that comes byte by byte', async () => {
  await using peer = await createPeer((socket) => {
    const bytes = Array.from(Buffer.from(`${upgraded}rest`));
    const timer = setInterval(() => {
      const next = bytes.shift();
      if (next !== undefined) return void socket.write(Buffer.of(next));
      clearInterval(timer);
      socket.end();
    }, 1);
  });

  expect(await readAll(await ask(peer))).toBe('rest');
});

it('reads no further than somebody receives', async () => {
  await using peer = await createPeer((socket) => socket.write(upgraded));
  const stream = await ask(peer);
  const isTaken = peer.socket().write(Buffer.alloc(16 * 1024 * 1024));
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect(isTaken).toBe(false);
  expect(peer.socket().writableLength).toBeGreaterThan(0);
  peer.socket().end();
  expect((await readAll(stream)).length).toBe(16 * 1024 * 1024);
});

it.each(['HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', `SSH-2.0-OpenSSH_9\r\n\r\n`, 'x'.repeat(20_000)])(
  'takes %j for a refusal, and hangs up',
  async (words) => {
    await using peer = await createPeer((socket) => socket.write(words));

    expect(await peer.ask()).toBeUndefined();
    await once(peer.socket(), 'close');
  },
);

it('fails where the connection ends before the answer, or can’t be made', async () => {
  await using peer = await createPeer((socket) => socket.destroy());
  const nowhere = { path: join(tmpdir(), `paracle-${randomUUID()}.sock`) };
  const { signal } = new AbortController();

  await expect(peer.ask()).rejects.toThrow('closed the connection');
  await expect(hijack(nowhere, request, { prefix: '', signal })).rejects.toThrow('ENOENT');
});

it('hangs up when it is given up', async () => {
  const controller = new AbortController();
  await using peer = await createPeer(() => controller.abort());

  await expect(peer.ask(controller.signal)).rejects.toThrow('closed the connection');
  await once(peer.socket(), 'close');
});

it('does not ask again where the engine did what it was asked, but not by a raw connection', async () => {
  await using peer = await createPeer((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'));

  await expect(peer.ask()).rejects.toMatchObject({ code: 'PARACLE_ENGINE_ANSWER_INVALID' });
});
