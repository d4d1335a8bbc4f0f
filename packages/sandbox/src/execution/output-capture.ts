import type { CapturedOutput } from './execution-result.js';

const SMALLEST_BUFFER_BYTES = 4096;

/** Keeps the head and the tail of a stream in bounded memory, and counts what it dropped. */
export class OutputCapture {
  readonly #headLimit: number;
  readonly #tailLimit: number;
  #head = Buffer.alloc(0);
  #headBytes = 0;
  /** A ring: once full, the oldest byte stands at `#tailEnd % #tailLimit`. */
  #tail = Buffer.alloc(0);
  #tailEnd = 0;

  /** `maxBytes` is shared by head and tail half and half. */
  constructor(maxBytes: number) {
    this.#headLimit = Math.ceil(maxBytes / 2);
    this.#tailLimit = Math.floor(maxBytes / 2);
  }

  push(piece: Uint8Array): void {
    const forHead = Math.min(piece.length, this.#headLimit - this.#headBytes);
    if (forHead > 0) {
      this.#growHead(forHead);
      this.#head.set(piece.subarray(0, forHead), this.#headBytes);
      this.#headBytes += forHead;
    }
    if (forHead < piece.length) this.#pushTail(piece.subarray(forHead));
  }

  /** All that was pushed so far. */
  get receivedBytes(): number {
    return this.#headBytes + this.#tailEnd;
  }

  finish(): CapturedOutput {
    const head = this.#head.subarray(0, this.#headBytes);
    const tail = this.#orderedTail();
    const droppedBytes = this.#tailEnd - tail.length;
    const bytes = Buffer.concat([head, tail]);
    if (droppedBytes === 0) return { text: bytes.toString('utf8'), bytes, droppedBytes };
    const note = `\n[… ${droppedBytes} bytes dropped …]\n`;
    return { text: head.toString('utf8') + note + tail.toString('utf8'), bytes, droppedBytes };
  }

  #growHead(count: number): void {
    const needed = this.#headBytes + count;
    if (needed <= this.#head.length) return;
    const size = Math.min(this.#headLimit, Math.max(needed, this.#head.length * 2, SMALLEST_BUFFER_BYTES));
    const grown = Buffer.allocUnsafe(size);
    this.#head.copy(grown, 0, 0, this.#headBytes);
    this.#head = grown;
  }

  #pushTail(piece: Uint8Array): void {
    if (this.#tailLimit === 0) {
      this.#tailEnd += piece.length;
      return;
    }
    if (this.#tail.length === 0) this.#tail = Buffer.allocUnsafe(this.#tailLimit);
    const kept = piece.subarray(Math.max(0, piece.length - this.#tailLimit));
    const start = (this.#tailEnd + piece.length - kept.length) % this.#tailLimit;
    const first = kept.subarray(0, this.#tailLimit - start);
    this.#tail.set(first, start);
    this.#tail.set(kept.subarray(first.length), 0);
    this.#tailEnd += piece.length;
  }

  #orderedTail(): Buffer {
    if (this.#tailEnd <= this.#tailLimit) return this.#tail.subarray(0, this.#tailEnd);
    const start = this.#tailEnd % this.#tailLimit;
    return Buffer.concat([this.#tail.subarray(start), this.#tail.subarray(0, start)]);
  }
}
