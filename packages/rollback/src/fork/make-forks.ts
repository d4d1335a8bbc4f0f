import type { ForkedSandbox, ForkOptions } from './fork-options.js';

/** Makes sandboxes and works on them all; where anything fails, none stays. */
export async function makeForks<Fork extends ForkedSandbox>(
  { create, count, signal }: Pick<ForkOptions<Fork>, 'create' | 'signal'> & { readonly count: number },
  work: (forks: readonly Fork[]) => Promise<void>,
): Promise<readonly Fork[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, async () => create({ signal })));
  const forks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  try {
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await work(forks);
    return forks;
  } catch (error) {
    const destroyed = await Promise.allSettled(forks.map(async (fork) => fork.destroy()));
    const failures = destroyed.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (failures.length === 0) throw error;
    const message = 'The fork failed, and so did removing what it had made';
    throw new AggregateError([error, ...failures], message, { cause: error });
  }
}
