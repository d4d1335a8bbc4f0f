import { expect, it } from '@jest/globals';
import { ReviewManager } from '../../../src/manager/review-manager.js';
import { authorizeAll, harmlessCommand, riskyChange } from '../support/samples.js';

const code = (name: string): unknown => expect.objectContaining({ code: `PARACLE_REVIEW_${name}` });

it("runs the spec's example", async () => {
  await using manager = new ReviewManager();
  const reviewId = await manager.createReview({
    artifactId: 'file-001',
    artifactType: 'file_change',
    sandboxId: 'sandbox-123',
    artifactContent: { path: '/etc/hosts' },
  });
  expect(await manager.getPendingCount()).toBe(1);
  const pending = await manager.getReview(reviewId);
  expect(pending).toMatchObject({
    status: 'pending',
    artifactContent: { path: '/etc/hosts' },
    risk: { level: 'high' },
  });
  expect(pending.isExpired()).toBe(false);

  const approved = await manager.approve(reviewId, { reviewer: 'alice@example.com', comment: 'Looks good' });
  expect(approved).toMatchObject({ status: 'approved', reason: 'votes', application: { status: 'none' } });
  expect(approved.votes).toEqual([
    expect.objectContaining({
      vote: 'approve',
      reviewer: 'alice@example.com',
      comment: 'Looks good',
      digest: approved.digest,
    }),
  ]);
  expect(await manager.getPendingCount()).toBe(0);
});

it.each([
  [{}, harmlessCommand, 'approved', 'auto_low_risk'],
  [{}, riskyChange, 'pending', undefined],
  [{ autoApproveLowRisk: false }, harmlessCommand, 'pending', undefined],
  [{ triggerMode: 'always' }, harmlessCommand, 'pending', undefined],
  [{ triggerMode: 'manual' }, harmlessCommand, 'pending', undefined],
  [{ enabled: false }, riskyChange, 'approved', 'review_disabled'],
] as const)('under the policy %j', async (policy, artifact, status, reason) => {
  await using manager = new ReviewManager({ policy });
  const review = await manager.getReview(await manager.createReview(artifact));
  expect(review.status).toBe(status);
  expect(review.reason).toBe(reason);
});

it('takes a type that nobody can judge as high, until an analyzer can', async () => {
  const artifact = { artifactId: 'n', artifactType: 'network_grant', artifactContent: { host: 'x' } };
  await using plain = new ReviewManager();
  expect((await plain.getReview(await plain.createReview(artifact))).status).toBe('pending');

  const analyzer = { name: 'grants', analyze: () => [{ level: 'low', reason: 'known host' } as const] };
  await using judging = new ReviewManager({ analyzers: [analyzer] });
  expect((await judging.getReview(await judging.createReview(artifact))).reason).toBe('auto_low_risk');
  expect((await judging.getReview(await judging.createReview(riskyChange))).risk.level).toBe('high');
});

it('takes an analyzer that throws as high', async () => {
  const analyze = (): never => {
    throw new Error('broken');
  };
  await using manager = new ReviewManager({ analyzers: [{ name: 'broken', analyze }] });
  expect((await manager.getReview(await manager.createReview(harmlessCommand))).status).toBe('pending');
});

it('takes no more votes after a decision, whatever it was', async () => {
  await using manager = new ReviewManager();
  const [approved, rejected, cancelled] = await Promise.all([1, 2, 3].map(() => manager.createReview(riskyChange)));
  await manager.approve(approved ?? '', { reviewer: 'alice' });
  await manager.reject(rejected ?? '', { reviewer: 'alice', comment: 'no' });
  await manager.cancel(cancelled ?? '', { comment: 'not needed' });
  for (const id of [approved, rejected, cancelled]) {
    await expect(manager.approve(id ?? '', { reviewer: 'bob' })).rejects.toEqual(code('ALREADY_DECIDED'));
    await expect(manager.reject(id ?? '', { reviewer: 'bob', comment: 'no' })).rejects.toEqual(code('ALREADY_DECIDED'));
    await expect(manager.cancel(id ?? '')).rejects.toEqual(code('ALREADY_DECIDED'));
  }
  expect((await manager.stats()).byStatus).toEqual({
    pending: 0,
    approved: 1,
    rejected: 1,
    changes_requested: 0,
    cancelled: 1,
  });
});

it('asks for a comment with a rejection', async () => {
  await using manager = new ReviewManager();
  const id = await manager.createReview(riskyChange);
  await expect(manager.reject(id, { reviewer: 'alice', comment: '  ' })).rejects.toThrow(/comment/);
  expect((await manager.reject(id, { reviewer: 'alice', comment: 'why not' })).reason).toBe('rejected');
});

it.each([
  'agent@example.com',
  ' Agent@Example.COM ',
  'ＡＧＥＮＴ@example.com',
  'agent\u200b@example.com',
  'agent+x@example.com',
])('keeps the requester from approving as %j', async (reviewer) => {
  await using manager = new ReviewManager({ authorize: authorizeAll });
  const id = await manager.createReview(riskyChange);
  await expect(manager.approve(id, { reviewer })).rejects.toEqual(code('SELF_APPROVAL'));
  expect((await manager.getReview(id)).votes).toEqual([]);
  expect((await manager.approve(id, { reviewer: 'alice@example.com' })).status).toBe('approved');
});

it('counts each person once, under whatever name', async () => {
  await using manager = new ReviewManager({ policy: { minApprovals: 2 }, authorize: authorizeAll });
  const id = await manager.createReview(riskyChange);
  expect((await manager.approve(id, { reviewer: 'alice@example.com' })).status).toBe('pending');
  for (const reviewer of ['alice@example.com', ' ALICE@example.com', 'alice+2@example.com']) {
    await expect(manager.approve(id, { reviewer })).rejects.toEqual(code('ALREADY_VOTED'));
    await expect(manager.reject(id, { reviewer, comment: 'no' })).rejects.toEqual(code('ALREADY_VOTED'));
  }
  expect((await manager.approve(id, { reviewer: 'bob@example.com' })).status).toBe('approved');
});

it.each([
  ['refuses', () => undefined],
  [
    'throws',
    (): never => {
      throw new Error('directory is down');
    },
  ],
  ['finds a model', () => ({ id: 'm', kind: 'model', groups: [] }) as const],
  ['finds a service', () => ({ id: 's', kind: 'service', groups: [] }) as const],
  ['finds nobody', () => ({ id: ' ', kind: 'human', groups: [] }) as const],
])('counts no vote when authorize %s', async (_title, authorize) => {
  await using manager = new ReviewManager({ authorize });
  const id = await manager.createReview(riskyChange);
  await expect(manager.approve(id, { reviewer: 'alice' })).rejects.toEqual(code('NOT_AUTHORIZED'));
  expect((await manager.getReview(id)).votes).toEqual([]);
});

it('knows no review under another id', async () => {
  await using manager = new ReviewManager();
  for (const id of ['rev_nope', '', '__proto__']) {
    await expect(manager.getReview(id)).rejects.toEqual(code('NOT_FOUND'));
    await expect(manager.approve(id, { reviewer: 'alice' })).rejects.toEqual(code('NOT_FOUND'));
    await expect(manager.report(id, { outcome: 'applied' })).rejects.toEqual(code('NOT_FOUND'));
  }
});

it.each([
  [{ ...riskyChange, artifactId: '' }],
  [{ ...riskyChange, artifactId: 'a\nb' }],
  [{ ...riskyChange, requestedBy: '\u200b' }],
  [{ ...riskyChange, sandbox: 'x' }],
  [{ ...riskyChange, artifactContent: undefined }],
])('refuses the input %#', async (input) => {
  await using manager = new ReviewManager();
  await expect(manager.createReview(input)).rejects.toEqual(
    expect.objectContaining({ code: 'PARACLE_CORE_CONFIG_INVALID' }),
  );
});

it('tells its events in order, and survives a listener that throws', async () => {
  await using manager = new ReviewManager();
  const told: string[] = [];
  manager.events.on('review-requested', () => {
    throw new Error('listener');
  });
  manager.events.on('review-requested', ({ risk }) => told.push(`requested ${risk}`));
  manager.events.on('review-decided', ({ status, reason }) => told.push(`${status} ${reason ?? ''}`));
  manager.events.on('application-changed', ({ application }) => told.push(application));
  await manager.createReview(harmlessCommand);
  const id = await manager.createReview(riskyChange);
  const { digest } = await manager.approve(id, { reviewer: 'alice' });
  const { claimId } = await manager.claim(id, { claimant: 'stack', digest });
  await manager.report(claimId, { outcome: 'applied' });
  expect(told).toEqual([
    'requested low',
    'approved auto_low_risk',
    'requested high',
    'approved votes',
    'claimed',
    'applied',
  ]);
});

it('closes once, and refuses later use', async () => {
  const manager = new ReviewManager();
  expect(manager.close()).toBe(manager.close());
  await manager.close();
  await expect(manager.stats()).rejects.toEqual(code('CLOSED'));
  await expect(manager.createReview(riskyChange)).rejects.toEqual(code('CLOSED'));
});
