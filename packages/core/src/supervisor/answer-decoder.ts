/** Largest answer that is taken; the supervisor's own stay below 64 KiB. */
const MAX_ANSWER_BYTES = 128 * 1024;
const LENGTH_BYTES = 4;

/** Takes one answer; the payload is a view of what was received: use it at once or copy. */
export type AnswerListener = (type: number, payload: Buffer) => void;

/**
 * Takes a file service's answers apart, in whatever pieces they come. It holds one answer at most and
 * copies each byte once at most. Anything malformed throws a `RangeError`.
 */
export class AnswerDecoder {
  readonly #onAnswer: AnswerListener;
  readonly #prefix = Buffer.alloc(LENGTH_BYTES);
  #prefixBytes = 0;
  /** Of the answer that is under way; 0 between two. */
  #length = 0;
  #partial = Buffer.alloc(0);
  #partialBytes = 0;

  constructor(onAnswer: AnswerListener) {
    this.#onAnswer = onAnswer;
  }

  push(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) rest = this.#length === 0 ? this.#takeLength(rest) : this.#takeAnswer(rest);
  }

  #takeLength(bytes: Buffer): Buffer {
    const count = Math.min(bytes.length, LENGTH_BYTES - this.#prefixBytes);
    bytes.copy(this.#prefix, this.#prefixBytes, 0, count);
    this.#prefixBytes += count;
    if (this.#prefixBytes < LENGTH_BYTES) return bytes.subarray(count);
    this.#prefixBytes = 0;
    const length = this.#prefix.readUInt32LE(0);
    if (length === 0 || length > MAX_ANSWER_BYTES) throw new RangeError(`an answer of ${length} bytes`);
    this.#length = length;
    return bytes.subarray(count);
  }

  #takeAnswer(bytes: Buffer): Buffer {
    const count = Math.min(bytes.length, this.#length - this.#partialBytes);
    const piece = bytes.subarray(0, count);
    const isWhole = count === this.#length;
    if (!isWhole) this.#keep(piece);
    if (isWhole || this.#partialBytes === this.#length) {
      const answer = isWhole ? piece : this.#partial.subarray(0, this.#length);
      this.#length = 0;
      this.#partialBytes = 0;
      this.#onAnswer(answer.readUInt8(0), answer.subarray(1));
    }
    return bytes.subarray(count);
  }

  #keep(piece: Buffer): void {
    if (this.#partial.length < this.#length) this.#partial = Buffer.allocUnsafe(MAX_ANSWER_BYTES);
    piece.copy(this.#partial, this.#partialBytes);
    this.#partialBytes += piece.length;
  }
}
