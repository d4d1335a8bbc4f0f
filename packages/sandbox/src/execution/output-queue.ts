/** A piece of output. */
export interface OutputPiece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/** Room for what comes in small pieces: each piece held for itself would take a hundred times its bytes. */
const ROOM_BYTES = 4096;

/** A piece that is held; what follows on the same stream is added while there is room. */
interface HeldPiece {
  readonly stream: OutputPiece['stream'];
  readonly room: Uint8Array;
  length: number;
}

/** Holds output until it is taken; what is held is bounded by the credit that only taking it renews. */
export class OutputQueue implements AsyncIterable<OutputPiece> {
  readonly #pieces: HeldPiece[] = [];
  readonly #last: { [Stream in OutputPiece['stream']]?: HeldPiece | undefined } = {};
  readonly #onConsumed: (stream: 'stdout' | 'stderr', bytes: number) => void;
  #wake: () => void = () => undefined;
  #isSkipped = false;
  #isEnded = false;

  constructor(onConsumed: (stream: 'stdout' | 'stderr', bytes: number) => void) {
    this.#onConsumed = onConsumed;
  }

  /** The piece is copied if it is held. */
  push(stream: 'stdout' | 'stderr', piece: Uint8Array): void {
    if (this.#isSkipped) {
      this.#onConsumed(stream, piece.length);
      return;
    }
    this.#hold(stream, piece);
    this.#wake();
  }

  /** Drops what is held, and what comes. */
  skip(): void {
    this.#isSkipped = true;
    for (const { stream, length } of this.#pieces.splice(0)) this.#onConsumed(stream, length);
  }

  /** Nothing more will come. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OutputPiece, void, undefined> {
    try {
      for (;;) {
        const piece = this.#take();
        if (piece !== undefined) {
          yield piece;
          this.#onConsumed(piece.stream, piece.bytes.length);
        } else if (this.#isEnded) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.skip();
    }
  }

  #hold(stream: OutputPiece['stream'], piece: Uint8Array): void {
    const last = this.#last[stream];
    const added = Math.min(piece.length, last === undefined ? 0 : last.room.length - last.length);
    if (last !== undefined) {
      last.room.set(piece.subarray(0, added), last.length);
      last.length += added;
    }
    if (added === piece.length) return;
    const rest = piece.subarray(added);
    const held = { stream, room: new Uint8Array(Math.max(rest.length, ROOM_BYTES)), length: rest.length };
    held.room.set(rest);
    this.#last[stream] = held;
    this.#pieces.push(held);
  }

  #take(): OutputPiece | undefined {
    const piece = this.#pieces.shift();
    if (piece === undefined) return undefined;
    if (this.#last[piece.stream] === piece) this.#last[piece.stream] = undefined;
    return { stream: piece.stream, bytes: piece.room.subarray(0, piece.length) };
  }
}
