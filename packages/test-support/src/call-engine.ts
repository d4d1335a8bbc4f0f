import { type IncomingMessage, request } from 'node:http';
import { type ConnectableEngine, findSocket } from './connectable-engine.js';

/** Does what the client has no call for, as somebody else who uses the engine may. A body of bytes is an archive. */
export async function callEngine(
  engine: ConnectableEngine,
  method: string,
  path: string,
  body?: Buffer | object,
): Promise<void> {
  const socketPath = await findSocket(engine);
  const isArchive = Buffer.isBuffer(body);
  const headers = { 'Content-Type': isArchive ? 'application/x-tar' : 'application/json' };
  const bytes = isArchive || body === undefined ? body : JSON.stringify(body);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath, method, path, headers }, resolve).on('error', reject).end(bytes);
  });
  const text = Buffer.concat(await answer.toArray()).toString();
  if ((answer.statusCode ?? 0) >= 300) throw new Error(`${method} ${path}: ${text}`);
}
