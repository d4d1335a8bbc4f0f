import { expect, it } from '@jest/globals';
import { ReviewManager } from '../../../src/manager/review-manager.js';
import { MemoryReviewStore } from '../../../src/store/memory-review-store.js';
import { harmlessCommand, riskyChange } from '../support/samples.js';

const code = (name: string): unknown => expect.objectContaining({ code: `PARACLE_REVIEW_${name}` });

it('resolves at once for what is decided', async () => {
  await using manager = new ReviewManager();
  expect((await manager.decision(await manager.createReview(harmlessCommand))).reason).toBe('auto_low_risk');
});

it('resolves when somebody decides, through whichever manager of the store', async () => {
  const store = new MemoryReviewStore();
  await using one = new ReviewManager({ store });
  await using two = new ReviewManager({ store });
  const id = await one.createReview(riskyChange);
  const other = await one.createReview(riskyChange);
  const waiting = [one.decision(id), two.decision(id), one.decision(id, { timeoutMs: 60_000 })];
  await two.approve(other, { reviewer: 'alice' });
  await two.reject(id, { reviewer: 'alice', comment: 'no' });
  expect((await Promise.all(waiting)).map((review) => review.status)).toEqual(['rejected', 'rejected', 'rejected']);
});

it('resolves by itself when the time is up', async () => {
  await using manager = new ReviewManager({ policy: { timeoutHours: 50 / 3_600_000 } });
  const review = await manager.decision(await manager.createReview(riskyChange));
  expect(review).toMatchObject({ status: 'rejected', reason: 'expired' });
});

it('stops waiting by time limit, signal or close, and leaves the review pending', async () => {
  const store = new MemoryReviewStore();
  const manager = new ReviewManager({ store });
  const id = await manager.createReview(riskyChange);
  await expect(manager.decision(id, { timeoutMs: 20 })).rejects.toEqual(code('WAIT_TIMEOUT'));
  await expect(manager.decision(id, { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
  const controller = new AbortController();
  const aborted = manager.decision(id, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  const closed = manager.decision(id);
  await manager.close();
  await expect(closed).rejects.toEqual(code('CLOSED'));
  expect((await new ReviewManager({ store }).getReview(id)).status).toBe('pending');
});

it('refuses an unknown id', async () => {
  await using manager = new ReviewManager();
  await expect(manager.decision('rev_nope')).rejects.toEqual(code('NOT_FOUND'));
});
