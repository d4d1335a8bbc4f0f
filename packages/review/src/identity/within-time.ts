/** Awaits a callback of the caller's, but no longer than a limit; the clock starts with the call. */
export async function withinTime<T>(limitMs: number, callback: () => Promise<T> | T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${limitMs} ms`));
    }, limitMs);
  });
  try {
    return await Promise.race([Promise.resolve().then(callback), limit]);
  } finally {
    clearTimeout(timer);
  }
}
