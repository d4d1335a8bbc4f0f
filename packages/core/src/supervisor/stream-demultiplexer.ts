const HEADER_BYTES = 8;
const STDOUT = 1;
const STDERR = 2;

/**
 * Takes apart what the engine multiplexes onto one attached stream.
 *
 * @see https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 * (stream format: one byte of stream, three of zero, a big-endian length)
 */
export class StreamDemultiplexer {
  readonly #onStdout: (piece: Buffer) => void;
  readonly #onStderr: (piece: Buffer) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #stream = 0;
  #left = 0;

  constructor(onStdout: (piece: Buffer) => void, onStderr: (piece: Buffer) => void) {
    this.#onStdout = onStdout;
    this.#onStderr = onStderr;
  }

  push(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) rest = this.#left === 0 ? this.#takeHeader(rest) : this.#takePayload(rest);
  }

  #takeHeader(bytes: Buffer): Buffer {
    const count = Math.min(bytes.length, HEADER_BYTES - this.#headerBytes);
    bytes.copy(this.#header, this.#headerBytes, 0, count);
    this.#headerBytes += count;
    if (this.#headerBytes === HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#stream = this.#header.readUInt8(0);
      this.#left = this.#header.readUInt32BE(4);
      if (this.#stream !== STDOUT && this.#stream !== STDERR) throw new RangeError(`unknown stream ${this.#stream}`);
    }
    return bytes.subarray(count);
  }

  #takePayload(bytes: Buffer): Buffer {
    const count = Math.min(bytes.length, this.#left);
    this.#left -= count;
    (this.#stream === STDOUT ? this.#onStdout : this.#onStderr)(bytes.subarray(0, count));
    return bytes.subarray(count);
  }
}
