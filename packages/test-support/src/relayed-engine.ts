import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Hands a request on to the engine that listens at `enginePath`, and its answer back. */
export type Forward = (asked: IncomingMessage, answer: ServerResponse, enginePath: string) => Promise<void>;

/** A socket before the real engine's: what passes by is forwarded by the test. Connections that are upgraded are joined. */
export class RelayedEngine implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'paracle-altering-'));
  readonly #enginePath: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(enginePath: string, forward: Forward) {
    this.#enginePath = enginePath;
    this.#server = createServer((asked, answer) => {
      forward(asked, answer, enginePath).catch(() => answer.destroy());
    });
    this.#server.on('connection', (socket: Socket) => this.#sockets.add(socket));
    this.#server.on('upgrade', (asked: IncomingMessage, socket: Socket, head: Buffer) => {
      this.#join(asked, socket, head);
    });
  }

  static async listen(enginePath: string, forward: Forward): Promise<RelayedEngine> {
    const engine = new RelayedEngine(enginePath, forward);
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
