import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '@paracle/core';

/** An engine that gives the answers a real one rarely gives. */
export interface FakeEngine {
  readonly engine: Engine;
  /** Paths that were asked for, in order. */
  readonly paths: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves canned answers on a socket; `/version` answers by itself unless `apiVersion` says otherwise. */
export async function createFakeEngine(
  listener: RequestListener,
  { apiVersion = '1.41', requestTimeoutMs = 5_000 } = {},
): Promise<FakeEngine> {
  const path = join(tmpdir(), `paracle-${randomUUID()}.sock`);
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    if (request.url?.startsWith('/version') === true)
      response.end(JSON.stringify({ ApiVersion: apiVersion, Version: 'x' }));
    else listener(request, response);
  });
  server.listen(path);
  await once(server, 'listening');
  const engine = new Engine({ endpoint: { type: 'socket', path }, requestTimeoutMs });
  return {
    engine,
    paths,
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      server.closeAllConnections();
      server.close();
      await rm(path, { force: true });
    },
  };
}
