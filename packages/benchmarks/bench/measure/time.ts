import { performance } from 'node:perf_hooks';

/** Runs something and tells how many milliseconds it took. */
export async function timeMs(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}
