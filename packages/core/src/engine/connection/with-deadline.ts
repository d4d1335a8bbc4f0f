import type { CallOptions } from './call-options.js';

/** How {@link withDeadline} ends. */
export interface DeadlineOptions extends CallOptions {
  /** Makes the error that is thrown when the time is up. */
  readonly createTimeoutError: (timeoutMs: number) => Error;
}

/** Node fires a longer timer at once, so a longer limit is none. */
export const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * Runs work that may hang, and stops waiting for it when the caller's signal fires or the time is up.
 * The work gets a signal of its own, which fires only when it is given up.
 */
export async function withDeadline<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  options: DeadlineOptions,
): Promise<Result> {
  const { signal, timeoutMs, createTimeoutError } = options;
  signal?.throwIfAborted();
  const controller = new AbortController();
  const givenUp = new Promise<undefined>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const onAbort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer =
    timeoutMs === undefined || timeoutMs > LONGEST_TIMER_MS
      ? undefined
      : setTimeout(() => controller.abort(createTimeoutError(timeoutMs)), timeoutMs);
  try {
    const running = work(controller.signal);
    await Promise.race([running, givenUp]);
    controller.signal.throwIfAborted();
    return await running;
  } catch (error) {
    // Giving up makes the work fail too, sometimes a moment sooner: the reason for giving up is the one to tell.
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
