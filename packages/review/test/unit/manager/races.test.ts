import { expect, it } from '@jest/globals';
import { createRandom } from '@paracle/test-support';
import type { Review } from '../../../src/decision/review.js';
import { ReviewManager } from '../../../src/manager/review-manager.js';
import { MemoryReviewStore } from '../../../src/store/memory-review-store.js';
import { manualClock } from '../support/manual-clock.js';
import { authorizeAll, riskyChange } from '../support/samples.js';

/** A store that hands the turn to others before and after everything it does. */
class SlowStore extends MemoryReviewStore {
  readonly #random = createRandom(5);

  override async get(id: string): ReturnType<MemoryReviewStore['get']> {
    await this.#turn();
    const record = await super.get(id);
    await this.#turn();
    return record;
  }

  override async transition(...args: Parameters<MemoryReviewStore['transition']>): Promise<boolean> {
    await this.#turn();
    return super.transition(...args);
  }

  async #turn(): Promise<void> {
    for (let turns = Math.floor(this.#random() * 4); turns > 0; turns -= 1) await Promise.resolve();
  }
}

it.each([1, 2, 5])('lets 50 parallel voters make exactly one decision with %i approvals', async (minApprovals) => {
  for (let round = 0; round < 20; round += 1) {
    const store = new SlowStore();
    const policy = { minApprovals };
    const one = new ReviewManager({ policy, authorize: authorizeAll, store });
    const two = new ReviewManager({ policy, authorize: authorizeAll, store });
    let decisions = 0;
    for (const manager of [one, two]) manager.events.on('review-decided', () => (decisions += 1));
    const id = await one.createReview(riskyChange);
    const votes = Array.from({ length: 50 }, (_value, index) =>
      (index % 2 === 0 ? one : two).approve(id, { reviewer: `voter-${index}` }),
    );
    const results = await Promise.allSettled(votes);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(minApprovals);
    expect(decisions).toBe(1);
    expect(await one.getReview(id)).toMatchObject({ status: 'approved', version: 1 + minApprovals });
  }
});

async function cancelAfter(turns: number, manager: ReviewManager, id: string): Promise<Review> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  return manager.cancel(id);
}

it('lets approvals, rejections and cancelling in the same moment make one decision', async () => {
  const manager = new ReviewManager({ store: new SlowStore() });
  for (let round = 0; round < 50; round += 1) {
    const id = await manager.createReview(riskyChange);
    const results = await Promise.allSettled([
      manager.approve(id, { reviewer: 'alice' }),
      manager.reject(id, { reviewer: 'bob', comment: 'no' }),
      manager.reject(id, { reviewer: 'carol', comment: 'no' }),
      cancelAfter(round % 12, manager, id),
    ]);
    const [winner, ...others] = results
      .filter((result) => result.status === 'fulfilled')
      .map((result) => result.value.status);
    expect(others).toEqual([]);
    expect((await manager.getReview(id)).status).toBe(winner);
  }
});

it('lets one person voting 20 times at once count once', async () => {
  const manager = new ReviewManager({ policy: { minApprovals: 3 }, authorize: authorizeAll, store: new SlowStore() });
  const id = await manager.createReview(riskyChange);
  await Promise.allSettled(Array.from({ length: 20 }, () => manager.approve(id, { reviewer: 'alice' })));
  expect((await manager.getReview(id)).votes).toHaveLength(1);
});

it('lets one of 20 claimants have the approval', async () => {
  const manager = new ReviewManager({ store: new SlowStore() });
  const id = await manager.createReview(riskyChange);
  const { digest } = await manager.approve(id, { reviewer: 'alice' });
  const claims = Array.from({ length: 20 }, (_value, index) => manager.claim(id, { claimant: `c${index}`, digest }));
  const won = (await Promise.allSettled(claims)).filter((result) => result.status === 'fulfilled');
  expect(won).toHaveLength(1);
});

it('never approves what has expired, however approval and expiry meet', async () => {
  const clock = manualClock();
  const manager = new ReviewManager({ store: new SlowStore(), now: clock.now });
  for (let round = 0; round < 50; round += 1) {
    const id = await manager.createReview(riskyChange);
    const vote = manager.approve(id, { reviewer: 'alice' });
    for (let turns = round % 10; turns > 0; turns -= 1) await Promise.resolve();
    clock.advanceHours(25);
    await Promise.allSettled([vote, manager.getReview(id), manager.stats()]);
    const { status, reason, decidedAtMs = Infinity, expiresAtMs } = await manager.getReview(id);
    expect(status === 'approved' && decidedAtMs >= expiresAtMs).toBe(false);
    expect(['expired', 'lapsed', 'votes']).toContain(reason);
    expect(status).toBe(reason === 'votes' ? 'approved' : 'rejected');
  }
});
