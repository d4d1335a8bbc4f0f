import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Engine } from '@paracle/core';

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
 * for, or does more.
 */
export class AlteringEngine implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'paracle-altering-'));
  readonly #enginePath: string;
  readonly #alter: (body: CreateBody) => void;
  readonly #alterAnswer: (answer: object) => object;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(enginePath: string, alter: (body: CreateBody) => void, alterAnswer: (answer: object) => object) {
    this.#enginePath = enginePath;
    this.#alter = alter;
    this.#alterAnswer = alterAnswer;
    this.#server = createServer((asked, answer) => void this.#forward(asked, answer));
    this.#server.on('connection', (socket: Socket) => this.#sockets.add(socket));
    this.#server.on('upgrade', (asked: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#join(asked, socket, head),
    );
  }

  /** Only sandboxes are altered, not the vehicle of the supervisor's installation. */
  static async listen(alter: (body: CreateBody) => void, alterations: Alterations = {}): Promise<AlteringEngine> {
    const { endpoint, alterAnswer = (answer: object): object => answer } = alterations;
    await using real = new Engine(endpoint === undefined ? {} : { endpoint });
    const address = (await real.connect()).endpoint;
    if (address.type !== 'socket') throw new Error('Expected the engine to listen on a socket');
    const engine = new AlteringEngine(address.path, alter, alterAnswer);
    await promisify(engine.#server.listen.bind(engine.#server, engine.#path))();
    return engine;
  }

  get endpoint(): string {
    return `unix://${this.#path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await promisify(this.#server.close.bind(this.#server))();
    rmSync(this.#directory, { recursive: true });
  }

  get #path(): string {
    return join(this.#directory, 'docker.sock');
  }

  async #forward(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method, url: path = '', headers } = asked;
    const forwarded = request({ socketPath: this.#enginePath, method, path, headers });
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
    if (isSandbox) this.#alter(body);
    const text = JSON.stringify(body);
    forwarded.setHeader('content-length', Buffer.byteLength(text));
    forwarded.end(text);
    const [response] = await responded;
    const given = (await json(response)) as object;
    answer.writeHead(response.statusCode ?? 500, { 'content-type': 'application/json' });
    answer.end(JSON.stringify(isSandbox ? this.#alterAnswer(given) : given));
  }

  #join({ method, url, rawHeaders }: IncomingMessage, socket: Socket, head: Buffer): void {
    const engine = connect(this.#enginePath);
    const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
    engine.write(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    engine.write(head);
    for (const [from, to] of [
      [socket, engine],
      [engine, socket],
    ] as const) {
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  }
}
