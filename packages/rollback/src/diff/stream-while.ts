import { type CallOptions, SupervisorTimeoutError } from '@paracle/core';

const DEFAULT_TIMEOUT_MS = 600_000;
/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * Items that can be had only while something is held: `hold` lends them, and lets go once they come back. That is when the
 * loop over them ends, however it does, when the signal fires, or when the time is up, whether or not the next was asked for.
 */
export async function* streamWhile<Item>(
  hold: (lend: (items: AsyncIterable<Item>) => Promise<void>) => Promise<void>,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions,
): AsyncGenerator<Item, void, undefined> {
  const end = new AbortController();
  const over = AbortSignal.any([end.signal, ...(signal === undefined ? [] : [signal])]);
  const lent: { holding?: Promise<void> } = {};
  const items = await new Promise<AsyncIterable<Item>>((resolve, reject) => {
    lent.holding = hold(async (borrowed) => {
      resolve(borrowed);
      await onceAborted(over, () => end.abort(new SupervisorTimeoutError('serve files', timeoutMs)), timeoutMs);
    });
    lent.holding.catch(reject);
  });
  try {
    for await (const item of items) {
      over.throwIfAborted();
      yield item;
      over.throwIfAborted();
    }
  } finally {
    end.abort();
    await lent.holding;
  }
}

async function onceAborted(signal: AbortSignal, onTimeout: () => void, timeoutMs: number): Promise<void> {
  const timer = timeoutMs > LONGEST_TIMER_MS ? undefined : setTimeout(onTimeout, timeoutMs);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearTimeout(timer);
}
