import type { Logger, TypedEmitter } from '@paracle/core';
import type { Artifact } from '../content/artifact.js';
import { readArtifact } from '../content/bind-artifact.js';
import { advance } from '../decision/advance.js';
import { type Review, toReview } from '../decision/review.js';
import type { ReviewRecord } from '../decision/review-record.js';
import { reviewErrorCodes } from '../errors/review-error-codes.js';
import { ReviewConflictError, ReviewNotFoundError } from '../errors/review-state-errors.js';
import type { ReviewStore } from '../store/review-store.js';
import { emitChanges } from './emit-changes.js';
import type { ReviewEvents } from './review-events.js';

const maxAttempts = 1_000;
const sweepSize = 100;

/** What a ledger works with. */
export interface LedgerParts {
  readonly store: ReviewStore;
  readonly emitter: TypedEmitter<ReviewEvents>;
  readonly logger: Logger;
  readonly now: () => number;
}

/** The records of a store, with what is due already done: whoever reads a record sees what time made of it. */
export class ReviewLedger {
  readonly #parts: LedgerParts;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /** Adds a record and tells of it. */
  async add(record: ReviewRecord): Promise<void> {
    await this.#parts.store.insert(record);
    this.#tell(undefined, record);
  }

  /** @throws ReviewNotFoundError */
  async load(id: string): Promise<ReviewRecord> {
    return this.change(id, () => undefined);
  }

  /**
   * Replaces a record by what `update` makes of its state at one moment, deciding races by one guarded write; `undefined` leaves it.
   *
   * @throws ReviewNotFoundError, ReviewConflictError `PARACLE_REVIEW_BUSY`, and whatever `update` throws.
   */
  async change(
    id: string,
    update: (record: ReviewRecord, nowMs: number) => ReviewRecord | undefined,
  ): Promise<ReviewRecord> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const record = await this.#parts.store.get(id);
      if (record === undefined) throw new ReviewNotFoundError('review', id);
      const nowMs = this.#parts.now();
      const advanced = advance(record, nowMs);
      const next = advanced ?? update(record, nowMs);
      if (next === undefined) return record;
      const isDone = await this.#replace(record, next);
      if (isDone && advanced === undefined) return next;
    }
    throw new ReviewConflictError(
      reviewErrorCodes.busy,
      `Review ${id} changed ${maxAttempts} times while it was to be written.`,
      { reviewId: id, attempts: maxAttempts },
      'Try again.',
    );
  }

  /** Carries out everything that is due, so that lists and counts tell the truth. */
  async sweep(): Promise<void> {
    for (;;) {
      const nowMs = this.#parts.now();
      const due = await this.#parts.store.listDue(nowMs, sweepSize);
      const results = await Promise.all(due.map((record) => this.#advance(record, nowMs)));
      if (!results.includes(true)) return;
    }
  }

  /** The artifact behind a record; absent when its body is gone or is not what the digest stands for. */
  async artifact(record: ReviewRecord): Promise<Artifact | undefined> {
    const bytes = await this.#parts.store.getBody(record.digest);
    return bytes === undefined ? undefined : readArtifact(bytes, record.digest);
  }

  /** The caller's view of a record. */
  async view(record: ReviewRecord): Promise<Review> {
    const artifact = await this.artifact(record);
    return toReview(record, artifact?.content, this.#parts.now);
  }

  async #advance(record: ReviewRecord, nowMs: number): Promise<boolean> {
    const next = advance(record, nowMs);
    return next !== undefined && (await this.#replace(record, next));
  }

  async #replace(record: ReviewRecord, next: ReviewRecord): Promise<boolean> {
    const isDone = await this.#parts.store.transition(record.id, record.version, next);
    if (isDone) this.#tell(record, next);
    return isDone;
  }

  #tell(before: ReviewRecord | undefined, after: ReviewRecord): void {
    const { status, reason, application } = after;
    this.#parts.logger.info({ reviewId: after.id, status, reason, application: application.status }, 'review changed');
    emitChanges(this.#parts.emitter, before, after, this.#parts.now());
  }
}
