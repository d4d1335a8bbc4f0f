import type { ReviewRecord } from '../decision/review-record.js';
import { ReviewClosedError, ReviewWaitTimeoutError } from '../errors/review-state-errors.js';

const longestPauseMs = 60 * 60 * 1_000;

/** How to hear of changes, and when to stop. */
export interface DecisionSource {
  readonly load: (id: string) => Promise<ReviewRecord>;
  /** Calls back with a review's id after each change; returns the way to stop that. */
  readonly subscribe: (listener: (id: string) => void) => () => void;
  /** Calls back when the manager is closed; returns the way to stop that. */
  readonly onClose: (listener: () => void) => () => void;
  readonly now: () => number;
}

/** How long a caller waits. */
export interface DecisionOptions {
  /** Ends the waiting; the review stays as it is. */
  readonly signal?: AbortSignal | undefined;
  /** Counted from the call. Absent: until it is decided, by people or by its time-out. */
  readonly timeoutMs?: number | undefined;
}

/** Ends when it is time to look again: the review may have changed, or the signal was aborted. Fails when the manager is closed. */
function pause(
  source: DecisionSource,
  id: string,
  signal: AbortSignal | undefined,
): { ended: Promise<void>; wakeAfter: (ms: number) => void; stop: () => void } {
  const undo: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let wake: () => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    wake = resolve;
    const onAbort = (): void => {
      resolve();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    undo.push(
      () => signal?.removeEventListener('abort', onAbort),
      source.onClose(() => {
        reject(new ReviewClosedError());
      }),
      source.subscribe((changed) => {
        if (changed === id) resolve();
      }),
    );
  });
  // Whoever is no longer waiting does not need to hear why.
  ended.catch(() => undefined);
  return {
    ended,
    wakeAfter(ms) {
      timer = setTimeout(wake, Math.max(0, Math.min(ms, longestPauseMs)));
    },
    stop() {
      clearTimeout(timer);
      for (const step of undo) step();
    },
  };
}

/**
 * The record once it is decided. The process stays alive while it waits.
 *
 * @throws ReviewWaitTimeoutError, ReviewClosedError, ReviewNotFoundError, or the signal's reason.
 */
export async function awaitDecision(
  source: DecisionSource,
  id: string,
  options: DecisionOptions,
): Promise<ReviewRecord> {
  const { signal, timeoutMs } = options;
  const startedAt = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    const waiting = pause(source, id, signal);
    try {
      const record = await source.load(id);
      if (record.status !== 'pending') return record;
      const leftMs = timeoutMs === undefined ? Infinity : startedAt + timeoutMs - performance.now();
      if (timeoutMs !== undefined && leftMs <= 0) throw new ReviewWaitTimeoutError(id, timeoutMs);
      waiting.wakeAfter(Math.min(leftMs, (record.dueAtMs ?? Infinity) - source.now()));
      await waiting.ended;
    } finally {
      waiting.stop();
    }
  }
}
