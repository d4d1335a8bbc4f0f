import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer, json } from 'node:stream/consumers';
import { Engine } from '@paracle/core';
import { findSocket, RelayedEngine } from '@paracle/test-support';

/** One call on its way to the engine. */
export interface PassingCall {
  /** Method and path without the version: `POST /networks/create`. */
  readonly name: string;
  /** What a POST carries; may be changed. */
  readonly body: Record<string, unknown>;
}

/** Sees each call before the engine does, and may change what it carries. */
export type CallWatcher = (call: PassingCall) => Promise<void> | void;

/** The real engine, but what it is asked is seen, held up or altered on the way. */
export async function createAlteringEngine(watch: CallWatcher): Promise<RelayedEngine> {
  await using real = new Engine();
  return await RelayedEngine.listen(await findSocket(real), async (asked, answer, enginePath) =>
    forward(await takeCall(asked, watch), asked, answer, enginePath),
  );
}

function forward(sent: Buffer, asked: IncomingMessage, answer: ServerResponse, socketPath: string): void {
  const { method, url: path, headers } = asked;
  const { 'transfer-encoding': _encoding, ...plain } = headers;
  const length = { 'content-length': String(sent.length) };
  const forwarded = request({ socketPath, method, path, headers: { ...plain, ...length } });
  forwarded.on('error', () => answer.destroy());
  forwarded.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 500, response.headers);
    response.pipe(answer);
  });
  answer.on('close', () => forwarded.destroy());
  forwarded.end(sent);
}

/** The bytes to hand on. */
async function takeCall(asked: IncomingMessage, watch: CallWatcher): Promise<Buffer> {
  const { method = 'GET', url: path = '', headers } = asked;
  const name = `${method} ${path.replace(/^\/v[\d.]+/u, '').replace(/\?.*/u, '')}`;
  if (headers['content-type'] !== 'application/json') {
    const bytes = await buffer(asked);
    await watch({ name, body: {} });
    return bytes;
  }
  const body = toRecord(await json(asked));
  await watch({ name, body });
  return Buffer.from(JSON.stringify(body));
}

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
