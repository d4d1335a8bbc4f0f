/** Requests under way at once: enough to never wait for the sandbox, few enough to hold in memory what they carry. */
const BATCH = 100;

/** Does the same with each of many items, a batch at a time, in order. */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += BATCH) {
    for (const result of await Promise.all(items.slice(at, at + BATCH).map(work))) results.push(result);
  }
  return results;
}
