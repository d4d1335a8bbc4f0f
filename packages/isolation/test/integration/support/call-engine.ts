import { type IncomingMessage, request } from 'node:http';
import type { Engine } from '@paracle/core';

/** Does what the client has no call for, as somebody else who uses the engine may. */
export async function callEngine(engine: Engine, method: string, path: string): Promise<void> {
  const { endpoint } = await engine.connect();
  if (endpoint.type !== 'socket') throw new Error('Expected the engine to listen on a socket');
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath: endpoint.path, method, path }, resolve).on('error', reject).end();
  });
  const text = Buffer.concat(await answer.toArray()).toString();
  if ((answer.statusCode ?? 0) >= 300) throw new Error(`${method} ${path}: ${text}`);
}
