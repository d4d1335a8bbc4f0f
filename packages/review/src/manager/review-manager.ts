import { createId, type EventSource, type Logger, parseConfig, silentLogger, TypedEmitter } from '@paracle/core';
import type { Artifact } from '../content/artifact.js';
import { bindArtifact } from '../content/bind-artifact.js';
import { canonicalize } from '../content/canonicalize.js';
import { type Digest, toDigest } from '../content/digest.js';
import { cancelReview } from '../decision/cancel-review.js';
import { type Ballot, castVote } from '../decision/cast-vote.js';
import { claimApproval } from '../decision/claim-approval.js';
import { openReview } from '../decision/open-review.js';
import { reportOutcome } from '../decision/report-outcome.js';
import type { Review } from '../decision/review.js';
import type { ReviewRecord } from '../decision/review-record.js';
import { reviewErrorCodes } from '../errors/review-error-codes.js';
import { ReviewClaimError } from '../errors/review-refusal-errors.js';
import { ReviewClosedError, ReviewNotFoundError } from '../errors/review-state-errors.js';
import type { Authorize } from '../identity/authorize.js';
import { identifyReviewer } from '../identity/identify-reviewer.js';
import { neededApprovals } from '../policy/needed-approvals.js';
import { assessRisk } from '../risk/assess-risk.js';
import { createCommandPatternAnalyzer } from '../risk/command/command-pattern-analyzer.js';
import { createPathPatternAnalyzer } from '../risk/path/path-pattern-analyzer.js';
import type { RiskAnalyzer, RiskAssessment } from '../risk/risk-analyzer.js';
import { MemoryReviewStore } from '../store/memory-review-store.js';
import type { ReviewStore } from '../store/review-store.js';
import { awaitDecision, type DecisionOptions } from './await-decision.js';
import {
  type ApproveInput,
  approveSchema,
  type CancelInput,
  type ClaimInput,
  type CreateReviewInput,
  cancelSchema,
  claimSchema,
  createReviewSchema,
  decisionSchema,
  type ListReviewsInput,
  listReviewsSchema,
  type RejectInput,
  type ReportInput,
  rejectSchema,
  reportSchema,
} from './call-inputs.js';
import { parseCursor, toCursor } from './cursor.js';
import type { ReviewEvents } from './review-events.js';
import { ReviewLedger } from './review-ledger.js';
import { parseManagerOptions, type ResolvedReviewConfig, type ReviewManagerOptions } from './review-manager-options.js';
import type { ReviewClaim, ReviewPage, ReviewStats } from './review-results.js';

const hourMs = 60 * 60 * 1_000;

/**
 * Lets artifacts wait for people. Every decision is bound to the artifact's exact content and made once, by one guarded write.
 *
 * @example
 * const manager = new ReviewManager({ policy: { timeoutHours: 4 } });
 * const id = await manager.createReview({ artifactId: 'file-001', artifactType: 'file_change', artifactContent: { path: '/etc/hosts' } });
 * await manager.approve(id, { reviewer: 'alice@example.com' });
 */
export class ReviewManager implements AsyncDisposable {
  /** The options after defaults; frozen. */
  readonly config: ResolvedReviewConfig;
  /** What happens to reviews through this manager. */
  readonly events: EventSource<ReviewEvents>;
  readonly #store: ReviewStore;
  readonly #ownsStore: boolean;
  readonly #authorize: Authorize | undefined;
  readonly #analyzers: readonly RiskAnalyzer[];
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #emitter: TypedEmitter<ReviewEvents>;
  readonly #ledger: ReviewLedger;
  readonly #closeListeners = new Set<() => void>();
  #closing: Promise<void> | undefined;

  /** @throws InvalidConfigError */
  constructor(options: ReviewManagerOptions = {}) {
    this.config = parseManagerOptions(options);
    const { highRiskPatterns } = this.config.policy;
    this.#store = options.store ?? new MemoryReviewStore();
    this.#ownsStore = options.store === undefined;
    this.#authorize = options.authorize;
    this.#analyzers = [
      createPathPatternAnalyzer(highRiskPatterns),
      createCommandPatternAnalyzer(highRiskPatterns),
      ...(options.analyzers ?? []),
    ];
    this.#logger = (options.logger ?? silentLogger).child({ component: 'review' });
    this.#now = options.now ?? Date.now;
    this.#emitter = new TypedEmitter({ logger: this.#logger });
    this.events = this.#emitter;
    this.#ledger = new ReviewLedger({
      store: this.#store,
      emitter: this.#emitter,
      logger: this.#logger,
      now: this.#now,
    });
  }

  /**
   * Asks for a decision about an artifact and resolves to the review's id. Low risk may be approved at once, as the policy says.
   *
   * @throws InvalidConfigError
   * @throws ReviewInputError `PARACLE_REVIEW_CONTENT_INVALID`
   */
  async createReview(input: CreateReviewInput): Promise<string> {
    this.#requireOpen();
    const { artifactId, artifactType, sandboxId, requestedBy, changeSetId } = parseConfig(
      createReviewSchema,
      input,
      'review',
    );
    const { artifact, bytes, digest } = bindArtifact(artifactType, input.artifactContent);
    const { policy } = this.config;
    const risk = await this.#assess(artifact);
    const { approvals, reason } = neededApprovals(policy, risk.level);
    await this.#store.putBody(bytes);
    const createdAtMs = this.#now();
    const record = openReview(
      {
        id: createId('rev', { now: this.#now }),
        artifactId,
        artifactType,
        digest,
        ...(sandboxId === undefined ? {} : { sandboxId }),
        ...(requestedBy === undefined ? {} : { requestedBy }),
        ...(changeSetId === undefined ? {} : { changeSetId }),
        risk,
        requirement: { approvals, timeoutMs: policy.timeoutHours * hourMs, policyHash: toDigest(canonicalize(policy)) },
        createdAtMs,
      },
      reason,
    );
    await this.#ledger.add(record);
    return record.id;
  }

  /**
   * Votes for an artifact; the last approval that is needed approves it.
   *
   * @throws ReviewNotFoundError
   * @throws ReviewNotAuthorizedError `PARACLE_REVIEW_SELF_APPROVAL`, `PARACLE_REVIEW_NOT_AUTHORIZED`
   * @throws ReviewConflictError `PARACLE_REVIEW_ALREADY_DECIDED`, `PARACLE_REVIEW_ALREADY_VOTED`
   */
  async approve(id: string, input: ApproveInput): Promise<Review> {
    this.#requireOpen();
    return this.#vote(id, 'approve', parseConfig(approveSchema, input, 'approval'));
  }

  /**
   * Votes against an artifact, which rejects it.
   *
   * @throws as {@link ReviewManager.approve}; the requester may reject.
   */
  async reject(id: string, input: RejectInput): Promise<Review> {
    this.#requireOpen();
    return this.#vote(id, 'reject', parseConfig(rejectSchema, input, 'rejection'));
  }

  /**
   * Takes back a review that is still pending.
   *
   * @throws ReviewNotFoundError
   * @throws ReviewConflictError `PARACLE_REVIEW_ALREADY_DECIDED`
   */
  async cancel(id: string, input: CancelInput = {}): Promise<Review> {
    this.#requireOpen();
    const { comment } = parseConfig(cancelSchema, input, 'cancellation');
    return this.#ledger.view(await this.#ledger.change(id, (record, nowMs) => cancelReview(record, comment, nowMs)));
  }

  /** @throws ReviewNotFoundError */
  async getReview(id: string): Promise<Review> {
    this.#requireOpen();
    return this.#ledger.view(await this.#ledger.load(id));
  }

  /**
   * One page of reviews, newest first. Reviews made meanwhile do not shift the pages.
   *
   * @throws ReviewInputError `PARACLE_REVIEW_CURSOR_INVALID`
   */
  async listReviews(input: ListReviewsInput = {}): Promise<ReviewPage> {
    this.#requireOpen();
    const { cursor, limit, ...filter } = parseConfig(listReviewsSchema, input, 'list of reviews');
    const before = cursor === undefined ? undefined : parseCursor(cursor);
    await this.#ledger.sweep();
    const found = await this.#store.list({ ...filter, before, limit: limit + 1 });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const reviews = await Promise.all(page.map(({ record }) => this.#ledger.view(record)));
    return found.length <= limit || last === undefined ? { reviews } : { reviews, nextCursor: toCursor(last.position) };
  }

  /** How many reviews wait for a decision. */
  async getPendingCount(): Promise<number> {
    return (await this.stats()).byStatus.pending;
  }

  /** How many reviews there are, by status and by what became of them. */
  async stats(): Promise<ReviewStats> {
    this.#requireOpen();
    await this.#ledger.sweep();
    const counts = await this.#store.counts();
    const total = Object.values(counts.byStatus).reduce((sum, count) => sum + count, 0);
    return { total, ...counts };
  }

  /**
   * Waits until a review is no longer pending; one that nobody decides is rejected in time. It may be asked anew after a restart.
   *
   * @throws ReviewNotFoundError
   * @throws ReviewWaitTimeoutError `PARACLE_REVIEW_WAIT_TIMEOUT`
   * @throws ReviewClosedError when the manager is closed meanwhile
   */
  async decision(id: string, options: DecisionOptions = {}): Promise<Review> {
    this.#requireOpen();
    const source = {
      load: (reviewId: string): Promise<ReviewRecord> => this.#ledger.load(reviewId),
      subscribe: (listener: (reviewId: string) => void): (() => void) => this.#store.subscribe(listener),
      onClose: (listener: () => void): (() => void) => this.#onClose(listener),
      now: this.#now,
    };
    return this.#ledger.view(await awaitDecision(source, id, parseConfig(decisionSchema, options, 'decision options')));
  }

  /**
   * Takes an approval, once, to carry it out. Asks the policy of now again: a stricter one refuses.
   *
   * @throws ReviewNotFoundError
   * @throws ReviewConflictError `PARACLE_REVIEW_ALREADY_CLAIMED`
   * @throws ReviewClaimError `PARACLE_REVIEW_NOT_APPROVED`, `…_DIGEST_MISMATCH`, `…_CONTENT_INCOMPLETE`, `…_CONTENT_LOST`, `…_POLICY_STRICTER`
   */
  async claim(id: string, input: ClaimInput): Promise<ReviewClaim> {
    this.#requireOpen();
    const { claimant, digest, ttlSeconds } = parseConfig(claimSchema, input, 'claim');
    const artifact = await this.#requireArtifact(await this.#ledger.load(id));
    const { policy } = this.config;
    const risk = await this.#assess(artifact);
    const current = {
      approvals: neededApprovals(policy, risk.level).approvals,
      timeoutMs: policy.timeoutHours * hourMs,
    };
    const request = {
      claimId: createId('clm', { now: this.#now }),
      claimant,
      digest,
      leaseMs: ttlSeconds * 1_000,
      artifact,
      current,
    };
    const record = await this.#ledger.change(id, (before, nowMs) => claimApproval(before, request, nowMs));
    return { claimId: request.claimId, review: await this.#ledger.view(record) };
  }

  /**
   * Says what became of a claim. A late report is still taken; reporting the same again changes nothing.
   *
   * @throws ReviewNotFoundError
   * @throws ReviewConflictError `PARACLE_REVIEW_OUTCOME_CONFLICT`
   */
  async report(claimId: string, input: ReportInput): Promise<Review> {
    this.#requireOpen();
    const { outcome, detail } = parseConfig(reportSchema, input, 'report');
    const claimed = await this.#store.findByClaim(claimId);
    if (claimed === undefined) throw new ReviewNotFoundError('claim', claimId);
    return this.#ledger.view(
      await this.#ledger.change(claimed.id, (record, nowMs) => reportOutcome(record, outcome, detail, nowMs)),
    );
  }

  /** Keeps contents that an artifact names by digest, so that a decision needs nothing but the store. */
  async keepBody(bytes: Uint8Array): Promise<Digest> {
    this.#requireOpen();
    return this.#store.putBody(bytes);
  }

  /** Contents kept by {@link ReviewManager.keepBody}; undefined where there are none. */
  async readBody(digest: Digest): Promise<Uint8Array | undefined> {
    this.#requireOpen();
    return this.#store.getBody(digest);
  }

  /** Ends the waiting of `decision()` calls. Reviews stay in their store; a store that was handed in stays open. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as {@link ReviewManager.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const listener of [...this.#closeListeners]) listener();
    this.#emitter.removeAllListeners();
    if (this.#ownsStore) await this.#store.close();
  }

  async #vote(id: string, vote: Ballot['vote'], input: ApproveInput): Promise<Review> {
    const review = await this.#ledger.view(await this.#ledger.load(id));
    const { reviewer, comment } = input;
    const identity = await identifyReviewer(this.#authorize, reviewer, review);
    const record = await this.#ledger.change(id, (before, nowMs) =>
      castVote(before, { vote, reviewer, identity, comment }, nowMs),
    );
    return this.#ledger.view(record);
  }

  #assess(artifact: Artifact): Promise<RiskAssessment> {
    return assessRisk(this.#analyzers, artifact, { policy: this.config.policy }, this.#logger);
  }

  async #requireArtifact(record: ReviewRecord): Promise<Artifact> {
    const artifact = await this.#ledger.artifact(record);
    if (artifact !== undefined) return artifact;
    throw new ReviewClaimError(
      reviewErrorCodes.contentLost,
      `The content of review ${record.id} is not in the store, or is not what ${record.digest} stands for.`,
      { reviewId: record.id, digest: record.digest },
      'Apply nothing. Create a new review of the content.',
    );
  }

  #onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new ReviewClosedError();
  }
}
