const INTERVAL_MS = 20;

/** What something took, and how far the resident memory of this process rose meanwhile. */
export interface RssSample {
  readonly durationMs: number;
  readonly growthBytes: number;
}

/** Runs something while looking at this process's resident memory every 20 ms. */
export async function sampleRss(action: () => Promise<unknown>): Promise<RssSample> {
  const before = process.memoryUsage.rss();
  let highest = before;
  const look = (): void => {
    highest = Math.max(highest, process.memoryUsage.rss());
  };
  const timer = setInterval(look, INTERVAL_MS);
  const start = performance.now();
  try {
    await action();
    const durationMs = performance.now() - start;
    look();
    return { durationMs, growthBytes: highest - before };
  } finally {
    clearInterval(timer);
  }
}
