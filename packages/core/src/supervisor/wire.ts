import { FRAME_HEADER_BYTES, FRAME_MAGIC } from './protocol.js';

/** Puts one frame together. */
export function encodeFrame(type: number, id: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt8(FRAME_MAGIC, 4);
  frame.writeUInt8(type, 5);
  frame.writeUInt16LE(0, 6);
  frame.writeUInt32LE(id, 8);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

/** Builds a payload of little-endian numbers and NUL-terminated strings. */
export class PayloadWriter {
  readonly #parts: Buffer[] = [];

  u8(value: number): this {
    this.#parts.push(Buffer.of(value));
    return this;
  }

  u16(value: number): this {
    const bytes = Buffer.allocUnsafe(2);
    bytes.writeUInt16LE(value);
    this.#parts.push(bytes);
    return this;
  }

  u32(value: number): this {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32LE(value);
    this.#parts.push(bytes);
    return this;
  }

  u64(value: bigint): this {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigInt64LE(value);
    this.#parts.push(bytes);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#parts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    return this;
  }

  /** A string or raw bytes, ended by NUL; the caller has made sure that there is none inside. */
  text(value: string | Uint8Array): this {
    this.#parts.push(typeof value === 'string' ? Buffer.from(value) : Buffer.from(value), Buffer.of(0));
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Reads a payload; everything past the end is a `RangeError`, which the connection turns into its own end. */
export class PayloadReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#advance(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#advance(8));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64LE(this.#advance(8));
  }

  /** A count or size, which must fit into a double exactly. */
  size(): number {
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`a size of ${value} is out of range`);
    return Number(value);
  }

  bytes(count: number): Buffer {
    const start = this.#advance(count);
    return this.#bytes.subarray(start, start + count);
  }

  #advance(count: number): number {
    if (count > this.left) throw new RangeError(`a payload that ends ${count - this.left} bytes too soon`);
    const start = this.#at;
    this.#at += count;
    return start;
  }
}
