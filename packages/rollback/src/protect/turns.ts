/** Lets work on the same thing go one at a time, in the order of asking. */
export class Turns {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Works when all that asked before has ended. The signal ends the wait, with its reason; work that has begun goes on. */
  async take<Result>(key: string, work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    const previous = this.#tails.get(key) ?? Promise.resolve();
    const state = { hasBegun: false };
    const turn = previous.then(async () => {
      signal.throwIfAborted();
      state.hasBegun = true;
      return work();
    });
    this.#append(key, turn);
    await endOrAbort(previous, signal);
    if (!state.hasBegun) signal.throwIfAborted();
    return turn;
  }

  /** Resolves once nothing goes on or waits. */
  async idle(key: string): Promise<void> {
    for (let tail = this.#tails.get(key); tail !== undefined; tail = this.#tails.get(key)) await tail;
  }

  #append(key: string, turn: Promise<unknown>): void {
    const forget = (): void => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    };
    const tail = turn.then(forget, forget);
    this.#tails.set(key, tail);
  }
}

async function endOrAbort(previous: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const onEnd = (): void => {
      signal.removeEventListener('abort', onEnd);
      resolve();
    };
    signal.addEventListener('abort', onEnd, { once: true });
    void previous.then(onEnd);
  });
}
