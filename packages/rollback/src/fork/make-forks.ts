import type { CallOptions } from '@paracle/core';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';
import type { ForkedSandbox, ForkOptions, ResolvedForkOptions } from './fork-options.js';

/** For what was begun to end, after its signal has fired, and to be destroyed. */
const CLEANUP_MS = 60_000;
/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

interface ForkOrder<Fork extends ForkedSandbox> extends ResolvedForkOptions, Pick<ForkOptions<Fork>, 'create'> {
  readonly originId: string;
}

/** Makes sandboxes and works on them all; where anything fails, all else is given up and none stays. */
export async function makeForks<Fork extends ForkedSandbox>(
  { create, count, originId, signal: callerSignal, timeoutMs }: ForkOrder<Fork>,
  work: (forks: readonly Fork[], limits: CallOptions) => Promise<void>,
): Promise<readonly Fork[]> {
  callerSignal?.throwIfAborted();
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(callerSignal === undefined ? [] : [callerSignal])]);
  const takenIds = new Set([originId]);
  const makings = Array.from({ length: count }, async () => requireNew(await create({ signal }), takenIds));
  const onTimeout = (): void => stop.abort(tellSlow(count, timeoutMs));
  const timer = timeoutMs > LONGEST_TIMER_MS ? undefined : setTimeout(onTimeout, timeoutMs);
  try {
    const forks = await allUnlessAborted(makings, signal);
    clearTimeout(timer);
    await work(forks, { signal, timeoutMs });
    return forks;
  } catch (error) {
    stop.abort(error);
    const failures = await destroyAll(makings);
    if (failures.length === 0) throw error;
    const message = 'The fork failed, and not all that it had made could be removed';
    throw new RollbackError(rollbackErrorCodes.forkFailed, message, {
      details: { failureCount: failures.length },
      cause: new AggregateError([error, ...failures], message, { cause: error }),
      suggestion: 'Destroy what is left of the forks; what they were made by, such as a SandboxManager, knows them.',
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects with the first failure, or the signal's reason, without waiting for the rest. */
async function allUnlessAborted<Value>(works: readonly Promise<Value>[], signal: AbortSignal): Promise<Value[]> {
  const ended = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: ended.signal });
  });
  const all = Promise.all(works);
  try {
    await Promise.race([all, aborted]);
    signal.throwIfAborted();
    return await all;
  } finally {
    ended.abort();
  }
}

/** Destroys what was made, and what still is once it is there; resolves with the failures. What was refused is left alone. */
async function destroyAll(makings: readonly Promise<ForkedSandbox>[]): Promise<readonly unknown[]> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(tellUnfinished()), CLEANUP_MS);
  const destroy = async (making: Promise<ForkedSandbox>): Promise<void> => {
    const fork = await making.catch(() => undefined);
    await fork?.destroy();
  };
  const outcomes = await Promise.allSettled(
    makings.map(async (making) => allUnlessAborted([destroy(making)], over.signal)),
  );
  clearTimeout(timer);
  return outcomes.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
}

function requireNew<Fork extends ForkedSandbox>(fork: Fork, takenIds: Set<string>): Fork {
  const { id } = fork.container;
  if (!takenIds.has(id)) {
    takenIds.add(id);
    return fork;
  }
  throw new RollbackError(
    rollbackErrorCodes.forkMismatch,
    `Expected \`create\` to make a new sandbox each time, got container ${id}, which is the origin or another fork`,
    { details: { containerId: id }, suggestion: 'Make a new sandbox each time that `create` is called.' },
  );
}

function tellSlow(count: number, timeoutMs: number): RollbackError {
  return new RollbackError(
    rollbackErrorCodes.forkFailed,
    `Expected ${count} sandboxes within ${timeoutMs} ms, which were not all made by then`,
    {
      details: { count, timeoutMs },
      suggestion: 'Make room for the origin and all forks at once (`maxConcurrent`), or raise `timeoutMs`.',
    },
  );
}

function tellUnfinished(): RollbackError {
  return new RollbackError(
    rollbackErrorCodes.forkFailed,
    `A sandbox was still being made or destroyed ${CLEANUP_MS} ms after the fork was given up`,
    { suggestion: 'Let `create` heed its signal. What it still makes is destroyed when it is there.' },
  );
}
