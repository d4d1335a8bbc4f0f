/** A piece of output. */
export interface OutputPiece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/** Holds output until it is taken; what is held is bounded by the credit that only taking it renews. */
export class OutputQueue implements AsyncIterable<OutputPiece> {
  readonly #pieces: OutputPiece[] = [];
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
    this.#pieces.push({ stream, bytes: Uint8Array.from(piece) });
    this.#wake();
  }

  /** Drops what is held, and what comes. */
  skip(): void {
    this.#isSkipped = true;
    for (const { stream, bytes } of this.#pieces.splice(0)) this.#onConsumed(stream, bytes.length);
  }

  /** Nothing more will come. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OutputPiece, void, undefined> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
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
}
