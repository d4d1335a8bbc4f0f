import { expect, it } from '@jest/globals';
import { toDigest } from '../../../src/content/digest.js';
import { ReviewManager } from '../../../src/manager/review-manager.js';
import { MemoryReviewStore } from '../../../src/store/memory-review-store.js';
import { manualClock } from '../support/manual-clock.js';
import { authorizeAll, harmlessCommand, riskyChange } from '../support/samples.js';

const code = (name: string): unknown => expect.objectContaining({ code: `PARACLE_REVIEW_${name}` });

it('gives an approval once, to what was approved', async () => {
  await using manager = new ReviewManager();
  const id = await manager.createReview(riskyChange);
  const { digest } = await manager.getReview(id);
  await expect(manager.claim(id, { claimant: 'stack', digest })).rejects.toEqual(code('NOT_APPROVED'));
  await manager.approve(id, { reviewer: 'alice' });
  await expect(manager.claim(id, { claimant: 'stack', digest: toDigest('other') })).rejects.toEqual(
    code('DIGEST_MISMATCH'),
  );
  const { claimId, review } = await manager.claim(id, { claimant: 'stack', digest });
  expect(review.application).toMatchObject({ status: 'claimed', claimId, claimant: 'stack' });
  await expect(manager.claim(id, { claimant: 'stack', digest })).rejects.toEqual(code('ALREADY_CLAIMED'));
});

it.each(['reject', 'cancel'] as const)('gives nothing after %s', async (act) => {
  await using manager = new ReviewManager();
  const id = await manager.createReview(riskyChange);
  const { digest } = await (act === 'reject'
    ? manager.reject(id, { reviewer: 'alice', comment: 'no' })
    : manager.cancel(id));
  await expect(manager.claim(id, { claimant: 'stack', digest })).rejects.toEqual(code('NOT_APPROVED'));
});

it('takes plain content for review, but demands the complete form for a claim', async () => {
  await using manager = new ReviewManager();
  const id = await manager.createReview({ ...riskyChange, artifactContent: { path: '/etc/hosts' } });
  const { digest } = await manager.approve(id, { reviewer: 'alice' });
  await expect(manager.claim(id, { claimant: 'stack', digest })).rejects.toEqual(code('CONTENT_INCOMPLETE'));
});

it('gives no approval whose content the store has lost', async () => {
  const store = new MemoryReviewStore();
  await using manager = new ReviewManager({ store });
  const id = await manager.createReview(riskyChange);
  const { digest } = await manager.approve(id, { reviewer: 'alice' });
  store.getBody = () => Promise.resolve(new TextEncoder().encode('{"content":1,"type":"file_change"}'));
  await expect(manager.claim(id, { claimant: 'stack', digest })).rejects.toEqual(code('CONTENT_LOST'));
  expect((await manager.getReview(id)).artifactContent).toBeUndefined();
});

it('asks the policy of now: a stricter one refuses, a looser one does not', async () => {
  const store = new MemoryReviewStore();
  const clock = manualClock();
  const under = (policy: object): ReviewManager =>
    new ReviewManager({ policy, store, authorize: authorizeAll, now: clock.now });
  const approve = async (): Promise<Parameters<ReviewManager['claim']>> => {
    const id = await under({}).createReview(riskyChange);
    const { digest } = await under({}).approve(id, { reviewer: 'alice' });
    return [id, { claimant: 'stack', digest }];
  };
  await expect(under({ minApprovals: 2 }).claim(...(await approve()))).rejects.toEqual(code('POLICY_STRICTER'));
  expect((await under({ enabled: false }).claim(...(await approve()))).review.status).toBe('approved');
  const old = await approve();
  clock.advanceHours(2);
  await expect(under({ timeoutHours: 1 }).claim(...old)).rejects.toEqual(code('POLICY_STRICTER'));
  expect((await under({}).claim(...old)).review.status).toBe('approved');
});

it('refuses what passed by itself once that is no longer allowed', async () => {
  const store = new MemoryReviewStore();
  const lax = new ReviewManager({ store });
  const id = await lax.createReview(harmlessCommand);
  const { digest } = await lax.getReview(id);
  const claim = { claimant: 'stack', digest };
  for (const policy of [
    { triggerMode: 'always' },
    { autoApproveLowRisk: false },
    { highRiskPatterns: ['npm'] },
  ] as const) {
    await expect(new ReviewManager({ store, policy }).claim(id, claim)).rejects.toEqual(code('POLICY_STRICTER'));
  }
  expect((await lax.claim(id, claim)).review.application.status).toBe('claimed');
});

it('keeps to the requirement under which a review was created', async () => {
  const store = new MemoryReviewStore();
  const strict = new ReviewManager({ store, policy: { minApprovals: 2 }, authorize: authorizeAll });
  const lax = new ReviewManager({ store, authorize: authorizeAll });
  const id = await strict.createReview(riskyChange);
  expect((await lax.approve(id, { reviewer: 'alice' })).status).toBe('pending');
  await expect(new ReviewManager({ store }).approve(id, { reviewer: 'bob' })).rejects.toEqual(code('NOT_AUTHORIZED'));
  expect((await lax.approve(id, { reviewer: 'bob' })).status).toBe('approved');
});

it.each([
  ['applied', 'applied', 'applied'],
  ['failed', 'failed', 'failed'],
  ['applied', 'rolled_back', 'rolled_back'],
  ['failed', 'rolled_back', 'rolled_back'],
  ['applied', 'failed', undefined],
  ['failed', 'applied', undefined],
  ['rolled_back', 'applied', undefined],
] as const)('after the report %s takes %s as %s', async (first, second, last) => {
  await using manager = new ReviewManager();
  const id = await manager.createReview(riskyChange);
  const { digest } = await manager.approve(id, { reviewer: 'alice' });
  const { claimId } = await manager.claim(id, { claimant: 'stack', digest });
  const reported = await manager.report(claimId, { outcome: first, detail: 'so' });
  expect(reported.application).toMatchObject({ status: first, detail: 'so' });
  const [again] = await Promise.allSettled([manager.report(claimId, { outcome: second })]);
  const refusal: unknown = again.status === 'rejected' ? again.reason : undefined;
  expect(refusal).toEqual(last === undefined ? code('OUTCOME_CONFLICT') : undefined);
  expect((await manager.getReview(id)).application.status).toBe(last ?? first);
});
