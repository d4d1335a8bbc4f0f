import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Engine } from '@paracle/core';

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
export class AlteringEngine implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'paracle-altering-'));
  readonly #enginePath: string;
  readonly #watch: CallWatcher;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(enginePath: string, watch: CallWatcher) {
    this.#enginePath = enginePath;
    this.#watch = watch;
    this.#server = createServer((asked, answer) => {
      this.#forward(asked, answer).catch(() => answer.destroy());
    });
    this.#server.on('connection', (socket: Socket) => this.#sockets.add(socket));
    this.#server.on('upgrade', (asked: IncomingMessage, socket: Socket, head: Buffer) => {
      this.#join(asked, socket, head);
    });
  }

  static async listen(watch: CallWatcher): Promise<AlteringEngine> {
    await using real = new Engine();
    const address = (await real.connect()).endpoint;
    if (address.type !== 'socket') throw new Error('Expected the engine to listen on a socket');
    const engine = new AlteringEngine(address.path, watch);
    engine.#server.listen(engine.#path);
    await once(engine.#server, 'listening');
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
    const { method = 'GET', url: path = '', headers } = asked;
    const sent = await this.#pass(`${method} ${path.replace(/^\/v[\d.]+/u, '').replace(/\?.*/u, '')}`, asked);
    const { 'transfer-encoding': _encoding, ...plain } = headers;
    const length = { 'content-length': String(sent.length) };
    const forwarded = request({ socketPath: this.#enginePath, method, path, headers: { ...plain, ...length } });
    forwarded.on('error', () => answer.destroy());
    forwarded.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    answer.on('close', () => forwarded.destroy());
    forwarded.end(sent);
  }

  /** The bytes to hand on. */
  async #pass(name: string, asked: IncomingMessage): Promise<Buffer> {
    if (asked.headers['content-type'] !== 'application/json') {
      const bytes = await buffer(asked);
      await this.#watch({ name, body: {} });
      return bytes;
    }
    const body = toRecord(await json(asked));
    await this.#watch({ name, body });
    return Buffer.from(JSON.stringify(body));
  }

  #join({ method, url, rawHeaders }: IncomingMessage, socket: Socket, head: Buffer): void {
    const engine = connect(this.#enginePath);
    const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1] ?? ''}`] : []));
    engine.write(`${method ?? ''} ${url ?? ''} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
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

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
