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
    signal?.throwIfAborted();
    // The queue would give a place back on an abort though it is in use, so the signal counts for the wait alone.
    const waiting = new AbortController();
    const onAbort = (): void => waiting.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    return new Promise((resolve, reject) => {
      const hold = async (): Promise<void> => {
        signal?.removeEventListener('abort', onAbort);
        return new Promise((release) => resolve(release));
      };
      this.#queue.add(hold, { signal: waiting.signal }).catch(reject);
    });
  }
}
