import { expect, it } from '@jest/globals';
import { ReviewManager } from '../../../src/manager/review-manager.js';
import { manualClock } from '../support/manual-clock.js';
import { riskyChange } from '../support/samples.js';

const code = (name: string): unknown => expect.objectContaining({ code: `PARACLE_REVIEW_${name}` });

it('rejects what nobody decides, and a held review knows it too', async () => {
  const clock = manualClock();
  await using manager = new ReviewManager({ now: clock.now });
  const id = await manager.createReview(riskyChange);
  clock.advanceHours(23.99);
  const held = await manager.getReview(id);
  expect([held.status, held.isExpired()]).toEqual(['pending', false]);
  clock.advanceHours(0.01);
  expect(held.isExpired()).toBe(true);
  await expect(manager.approve(id, { reviewer: 'alice' })).rejects.toEqual(code('ALREADY_DECIDED'));
  const review = await manager.getReview(id);
  expect([review.status, review.reason, review.isExpired()]).toEqual(['rejected', 'expired', true]);
});

it('tells the truth in counts and lists without anybody reading the review', async () => {
  const clock = manualClock();
  await using manager = new ReviewManager({ now: clock.now });
  for (let index = 0; index < 250; index += 1) await manager.createReview(riskyChange);
  clock.advanceHours(24);
  expect((await manager.listReviews({ status: 'pending' })).reviews).toEqual([]);
  expect(await manager.getPendingCount()).toBe(0);
  expect((await manager.stats()).byStatus.rejected).toBe(250);
});

it('lets an approval lapse that nobody claims', async () => {
  const clock = manualClock();
  await using manager = new ReviewManager({ now: clock.now });
  const id = await manager.createReview(riskyChange);
  clock.advanceHours(20);
  const { digest } = await manager.approve(id, { reviewer: 'alice' });
  clock.advanceHours(23);
  expect((await manager.getReview(id)).status).toBe('approved');
  clock.advanceHours(1);
  await expect(manager.claim(id, { claimant: 'stack', digest })).rejects.toEqual(code('NOT_APPROVED'));
  const review = await manager.getReview(id);
  expect([review.status, review.reason, review.isExpired()]).toEqual(['rejected', 'lapsed', false]);
});

it('reads a claim whose lease ended as unknown, and still takes the late report', async () => {
  const clock = manualClock();
  await using manager = new ReviewManager({ now: clock.now });
  const id = await manager.createReview(riskyChange);
  const { digest } = await manager.approve(id, { reviewer: 'alice' });
  const { claimId } = await manager.claim(id, { claimant: 'stack', digest, ttlSeconds: 3_600 });
  clock.advanceHours(0.9);
  expect((await manager.getReview(id)).application.status).toBe('claimed');
  clock.advanceHours(0.1);
  expect(await manager.getReview(id)).toMatchObject({
    status: 'approved',
    application: { status: 'unknown', claimant: 'stack' },
  });
  await expect(manager.claim(id, { claimant: 'other', digest })).rejects.toEqual(code('ALREADY_CLAIMED'));
  expect((await manager.report(claimId, { outcome: 'applied' })).application.status).toBe('applied');
});

it('keeps what is applied for ever', async () => {
  const clock = manualClock();
  await using manager = new ReviewManager({ now: clock.now });
  const id = await manager.createReview(riskyChange);
  const { digest } = await manager.approve(id, { reviewer: 'alice' });
  const { claimId } = await manager.claim(id, { claimant: 'stack', digest });
  await manager.report(claimId, { outcome: 'applied' });
  clock.advanceHours(10_000);
  expect(await manager.getReview(id)).toMatchObject({ status: 'approved', application: { status: 'applied' } });
});
