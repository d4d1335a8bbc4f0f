import { expect, it } from '@jest/globals';
import type { ListReviewsInput } from '../../../src/manager/call-inputs.js';
import { ReviewManager } from '../../../src/manager/review-manager.js';
import { harmlessCommand, riskyChange } from '../support/samples.js';

async function readAll(
  manager: ReviewManager,
  input: ListReviewsInput,
  between?: () => Promise<unknown>,
): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await manager.listReviews({ ...input, cursor });
    expect(page.reviews.length).toBeLessThanOrEqual(input.limit ?? 50);
    ids.push(...page.reviews.map((review) => review.id));
    cursor = page.nextCursor;
    await between?.();
  } while (cursor !== undefined);
  return ids;
}

it('pages newest first, without gap or repetition, while reviews are added', async () => {
  await using manager = new ReviewManager();
  const created: string[] = [];
  for (let index = 0; index < 23; index += 1) created.push(await manager.createReview(riskyChange));
  for (const limit of [1, 5, 22, 23, 24]) {
    expect(await readAll(manager, { limit })).toEqual(created.toReversed());
  }
  expect(await readAll(manager, { limit: 4 }, () => manager.createReview(harmlessCommand))).toEqual(
    created.toReversed(),
  );
});

it('filters by status, sandbox and change set', async () => {
  await using manager = new ReviewManager();
  const pending = await manager.createReview({ ...riskyChange, sandboxId: 'a', changeSetId: 's' });
  const approved = await manager.createReview({ ...harmlessCommand, sandboxId: 'a' });
  const other = await manager.createReview({ ...riskyChange, sandboxId: 'b', changeSetId: 's' });
  expect(await readAll(manager, {})).toEqual([other, approved, pending]);
  expect(await readAll(manager, { status: 'pending' })).toEqual([other, pending]);
  expect(await readAll(manager, { sandboxId: 'a' })).toEqual([approved, pending]);
  expect(await readAll(manager, { changeSetId: 's', status: 'pending', sandboxId: 'b' })).toEqual([other]);
  expect(await readAll(manager, { sandboxId: 'none' })).toEqual([]);
});

it.each(['', 'x', 'cjE6LTE', 'cjE6eA', '!!!'])('refuses the cursor %j', async (cursor) => {
  await using manager = new ReviewManager();
  await expect(manager.listReviews({ cursor })).rejects.toEqual(
    expect.objectContaining({ code: 'PARACLE_REVIEW_CURSOR_INVALID' }),
  );
});

it('gives reviews that can be serialised', async () => {
  await using manager = new ReviewManager();
  await manager.createReview(riskyChange);
  const { reviews } = await manager.listReviews();
  const plain: unknown = JSON.parse(JSON.stringify(reviews[0]));
  expect(plain).toMatchObject({ artifactId: 'file-001', status: 'pending', sandboxId: 'sandbox-123' });
});
