import { FRAME_HEADER_BYTES, FRAME_MAGIC, MAX_PAYLOAD_BYTES, REPLY } from './protocol.js';

/** What a {@link FrameDecoder} calls. Pieces are views of what was received: use them at once or copy. */
export interface FrameHandler {
  /** A piece of an execution's output; one frame may come in several. */
  onOutput(stream: 'stdout' | 'stderr', id: number, piece: Buffer): void;
  /** A whole frame of any other type; its payload is such a view too. */
  onMessage(type: number, id: number, payload: Buffer): void;
}

const MAX_MESSAGE_BYTES = 4096;
const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(REPLY));

interface Header {
  readonly length: number;
  readonly type: number;
  readonly id: number;
}

function parseHeader(bytes: Buffer): Header {
  const length = bytes.readUInt32LE(0);
  const type = bytes.readUInt8(5);
  if (bytes.readUInt8(4) !== FRAME_MAGIC || bytes.readUInt16LE(6) !== 0 || !KNOWN_TYPES.has(type)) {
    throw new RangeError('bytes that are no frame');
  }
  const limit = isOutput(type) ? MAX_PAYLOAD_BYTES : MAX_MESSAGE_BYTES;
  if (length > limit) throw new RangeError(`a frame of ${length} bytes, at most ${limit} are allowed`);
  return { length, type, id: bytes.readUInt32LE(8) };
}

function isOutput(type: number): boolean {
  return type === REPLY.stdout || type === REPLY.stderr;
}

/**
 * Takes a supervisor's bytes apart, in whatever pieces they come. It never holds more than one small
 * message: output is handed on as it arrives. Anything malformed throws a `RangeError`.
 */
export class FrameDecoder {
  readonly #handler: FrameHandler;
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #current: Header | undefined;
  #left = 0;
  /** Of a message that comes in pieces; one for all, so that a flood of messages allocates nothing. */
  readonly #message = Buffer.alloc(MAX_MESSAGE_BYTES);

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  push(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0)
      rest = this.#current === undefined ? this.#takeHeader(rest) : this.#takePayload(rest, this.#current);
  }

  #takeHeader(bytes: Buffer): Buffer {
    const count = Math.min(bytes.length, FRAME_HEADER_BYTES - this.#headerBytes);
    bytes.copy(this.#header, this.#headerBytes, 0, count);
    this.#headerBytes += count;
    if (this.#headerBytes < FRAME_HEADER_BYTES) return bytes.subarray(count);
    this.#headerBytes = 0;
    const header = parseHeader(this.#header);
    if (header.length === 0) {
      if (!isOutput(header.type)) this.#handler.onMessage(header.type, header.id, this.#message.subarray(0, 0));
      return bytes.subarray(count);
    }
    this.#current = header;
    this.#left = header.length;
    return bytes.subarray(count);
  }

  #takePayload(bytes: Buffer, header: Header): Buffer {
    const count = Math.min(bytes.length, this.#left);
    const piece = bytes.subarray(0, count);
    if (isOutput(header.type)) {
      this.#handler.onOutput(header.type === REPLY.stdout ? 'stdout' : 'stderr', header.id, piece);
    } else {
      piece.copy(this.#message, header.length - this.#left);
    }
    this.#left -= count;
    if (this.#left === 0) {
      this.#current = undefined;
      if (!isOutput(header.type))
        this.#handler.onMessage(header.type, header.id, this.#message.subarray(0, header.length));
    }
    return bytes.subarray(count);
  }
}
