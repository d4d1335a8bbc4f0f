import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { createServer, type SecureVersion } from 'node:tls';
import type { SignedCertificate } from './certificates.js';

/** A port that speaks TLS, asks for a client certificate and passes everything on to an engine's socket. */
export interface TlsProxy {
  readonly port: number;
  /** How many bytes clients sent, decrypted. */
  readonly receivedByteCount: () => number;
  /** How many connections there were. */
  readonly connectionCount: () => number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What {@link createTlsProxy} takes. */
export interface TlsProxyOptions {
  readonly socketPath: string;
  readonly server: SignedCertificate;
  readonly ca: string;
  readonly maxVersion?: SecureVersion;
}

/** Starts one on a free port of this machine. */
export async function createTlsProxy(options: TlsProxyOptions): Promise<TlsProxy> {
  const { socketPath, server: own, ca, maxVersion = 'TLSv1.3' } = options;
  const [cert, key, authority] = await Promise.all([own.certificate, own.key, ca].map(async (path) => readFile(path)));
  const sockets = new Set<Socket>();
  let receivedByteCount = 0;
  let connectionCount = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer(
    { cert, key, ca: authority, requestCert: true, rejectUnauthorized: true, allowHalfOpen: true, maxVersion },
    (client) => {
      const engine = connect({ path: socketPath, allowHalfOpen: true });
      keep(client);
      keep(engine);
      connectionCount += 1;
      client.on('data', (bytes: Buffer) => {
        receivedByteCount += bytes.length;
      });
      client.pipe(engine);
      engine.pipe(client);
      client.once('close', () => engine.destroy());
      engine.once('close', () => client.destroy());
    },
  );
  // Also those that never finish shaking hands.
  server.on('connection', keep);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a port');
  return {
    port: address.port,
    receivedByteCount: () => receivedByteCount,
    connectionCount: () => connectionCount,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
