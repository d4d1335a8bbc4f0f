import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { Engine } from '@paracle/core';
import { type Forward, findSocket, RelayedEngine } from '@paracle/test-support';

/** The body of a create call, as far as tests change it. */
export interface CreateBody {
  readonly Cmd: unknown;
  User?: string;
  HostConfig: Record<string, unknown>;
}

interface Alterations {
  readonly endpoint?: string;
  /** Changes the answer to a create call. */
  readonly alterAnswer?: (answer: object) => object;
}

/**
 * The real engine, but what it is asked to create is altered on the way: an engine that leaves out what was asked
 * for, or does more. Only sandboxes are altered, not the vehicle of the supervisor's installation.
 */
export async function createAlteringEngine(
  alter: (body: CreateBody) => void,
  alterations: Alterations = {},
): Promise<RelayedEngine> {
  const { endpoint, alterAnswer = (answer: object): object => answer } = alterations;
  await using real = new Engine(endpoint === undefined ? {} : { endpoint });
  return await RelayedEngine.listen(await findSocket(real), toForward(alter, alterAnswer));
}

function toForward(alter: (body: CreateBody) => void, alterAnswer: (answer: object) => object): Forward {
  return async (asked, answer, socketPath) => {
    const { method, url: path = '', headers } = asked;
    const forwarded = request({ socketPath, method, path, headers });
    forwarded.on('error', () => answer.destroy());
    const responded = once(forwarded, 'response') as Promise<[IncomingMessage]>;
    if (!/\/containers\/create(?:\?|$)/u.test(path)) {
      asked.pipe(forwarded);
      const [response] = await responded;
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
      return;
    }
    const body = (await json(asked)) as CreateBody;
    const isSandbox = Array.isArray(body.Cmd) && body.Cmd.length === 0;
    if (isSandbox) alter(body);
    const text = JSON.stringify(body);
    forwarded.setHeader('content-length', Buffer.byteLength(text));
    forwarded.end(text);
    const [response] = await responded;
    const given = (await json(response)) as object;
    answer.writeHead(response.statusCode ?? 500, { 'content-type': 'application/json' });
    answer.end(JSON.stringify(isSandbox ? alterAnswer(given) : given));
  };
}
