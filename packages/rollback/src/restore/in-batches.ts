/** Requests under way at once: enough to never wait for the sandbox, few enough to hold in memory what they carry. */
const BATCH = 100;

/** Does the same with each of many items, a batch at a time, in order. */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  batchSize: number = BATCH,
): Promise<Result[]> {
  const results: Result[] = [];
  for await (const result of streamBatches(items, work, batchSize)) results.push(result);
  return results;
}

/** The same, with the results of one batch in memory at a time. */
export async function* streamBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  batchSize: number = BATCH,
): AsyncGenerator<Result, void, undefined> {
  for (let at = 0; at < items.length; at += batchSize)
    yield* await Promise.all(items.slice(at, at + batchSize).map(work));
}
