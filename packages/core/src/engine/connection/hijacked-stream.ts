import type { Socket } from 'node:net';
import { openSocket, type SocketTarget } from './socket-target.js';

const BUFFER_BYTES = 64 * 1024;

/** Takes bytes as they come. They are a view that is reused: use them at once or copy. */
export type BytesListener = (bytes: Buffer) => void;

/**
 * A connection that the engine made raw. What comes is read into one buffer: a readable stream would
 * allocate 64 KiB for each read, which costs more than all else that is done with the bytes.
 */
export class HijackedStream {
  /** Resolves when nothing more will come: with the error that ended the connection, if one did. */
  readonly closed: Promise<Error | undefined>;
  readonly #socket: Socket;
  #listener: BytesListener | undefined;
  #unread: Buffer = Buffer.alloc(0);

  constructor(target: SocketTarget) {
    const callback = (count: number, buffer: Uint8Array): boolean => this.#accept(buffer, count);
    const socket = openSocket(target, { onread: { buffer: Buffer.allocUnsafeSlow(BUFFER_BYTES), callback } });
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('error', resolve);
      socket.once('end', () => resolve(undefined));
      socket.once('close', () => resolve(undefined));
    });
  }

  /** Hands over what was put back and what comes from now on. Until then nothing is read on. */
  receive(listener: BytesListener): void {
    this.#listener = listener;
    const unread = this.#unread;
    this.#unread = Buffer.alloc(0);
    if (unread.length > 0) listener(unread);
    this.#socket.resume();
  }

  /** Stops receiving; the next {@link receive} starts with these bytes. */
  putBack(bytes: Buffer): void {
    this.#listener = undefined;
    this.#unread = Buffer.from(bytes);
  }

  /** `onSent` is called when nothing of it is held here any more: it was handed to the system, or the connection ended. */
  write(bytes: Uint8Array | string, onSent?: () => void): void {
    this.#socket.write(bytes, onSent);
  }

  /** Ends what is sent; what comes goes on. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Whether the connection keeps the process alive; it does unless told otherwise. */
  holdProcess(isHeld: boolean): void {
    if (isHeld) this.#socket.ref();
    else this.#socket.unref();
  }

  #accept(buffer: Uint8Array, count: number): boolean {
    const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, count);
    if (this.#listener === undefined) this.#unread = Buffer.concat([this.#unread, bytes]);
    else this.#listener(bytes);
    return this.#listener !== undefined;
  }
}
