import { EngineAnswerInvalidError } from '../../errors/engine-call-errors.js';
import type { DialOptions } from './dial.js';
import { type EngineRequest, toCallName } from './engine-request.js';
import { HijackedStream } from './hijacked-stream.js';
import type { SocketTarget } from './socket-target.js';

const END_OF_HEAD = '\r\n\r\n';
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * Asks the engine to make a connection raw; resolves with nothing where it refuses. Spoken by hand,
 * because Node's client hands over a socket that allocates for each read (see {@link HijackedStream}).
 *
 * @see https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach (“Hijacking”)
 */
export async function hijack(
  target: SocketTarget,
  request: EngineRequest,
  { prefix, signal }: DialOptions,
): Promise<HijackedStream | undefined> {
  const stream = new HijackedStream(target);
  const giveUp = (): void => stream.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const head = readHead(stream);
    stream.write(toMessage(target, request, prefix));
    const status = /^HTTP\/1\.1 (\d{3}) /u.exec(await head)?.[1] ?? '';
    if (status === '101') return stream;
    stream.destroy();
    // Asked again, it might do again what it has done.
    if (status.startsWith('2'))
      throw new EngineAnswerInvalidError(toCallName(request), 'the engine did not upgrade the connection');
    return undefined;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function toMessage(target: SocketTarget, request: EngineRequest, prefix: string): string {
  // The engine doesn't read a body that it doesn't expect: what came apart from the head would be the stream's first bytes.
  const body = request.body === undefined ? '' : JSON.stringify(request.body);
  const query = Object.entries(request.query ?? {}).map(
    ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
  );
  const lines = [
    `${request.method} ${prefix}${request.path}?${query.join('&')} HTTP/1.1`,
    `Host: ${'host' in target ? toHost(target.host) : 'localhost'}`,
    'Connection: Upgrade',
    'Upgrade: tcp',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join('\r\n')}${END_OF_HEAD}${body}`;
}

function toHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Reads up to the end of the answer's head; what came after it is put back. */
async function readHead(stream: HijackedStream): Promise<string> {
  const head = new Promise<string>((resolve) => {
    let received = Buffer.alloc(0);
    stream.receive((bytes) => {
      received = Buffer.concat([received, bytes]);
      const end = received.indexOf(END_OF_HEAD);
      if (end < 0 && received.length < MAX_HEAD_BYTES) return;
      stream.putBack(received.subarray(end + END_OF_HEAD.length));
      resolve(received.toString('latin1', 0, Math.max(end, 0)));
    });
  });
  const ended = stream.closed.then((error) => {
    throw error ?? new Error('The engine closed the connection');
  });
  return Promise.race([head, ended]);
}
