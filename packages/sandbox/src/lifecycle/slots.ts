import PQueue from 'p-queue';

/** A fair queue for a bounded number of places. */
export class Slots {
  readonly #queue: PQueue;

  constructor(count: number) {
    this.#queue = new PQueue({ concurrency: count });
  }

  /** How many wait for a place. */
  get waitingCount(): number {
    return this.#queue.size;
  }

  /**
   * Waits for a place and resolves with the function that gives it back.
   * An abort while waiting rejects with the signal's reason.
   */
  async take(signal?: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      this.#queue
        .add(
          () =>
            new Promise<void>((release) => {
              resolve(release);
            }),
          signal === undefined ? {} : { signal },
        )
        .catch((error: unknown) => {
          reject(error instanceof Error ? error : new Error(String(error)));
        });
    });
  }
}
