import type { Digest } from '../content/digest.js';
import type { ApplicationStatus, ReviewRecord, ReviewStatus } from '../decision/review-record.js';

/** Which records are asked for; what is absent does not restrict. */
export interface RecordQuery {
  readonly status?: ReviewStatus | undefined;
  readonly sandboxId?: string | undefined;
  readonly changeSetId?: string | undefined;
  /** Only records made before the one with this position: the `position` of the last entry of the page before. */
  readonly before?: number | undefined;
  /** At most this many. */
  readonly limit: number;
}

/** A record and its place in the store's order of creation. */
export interface StoredRecord {
  /** Grows with each insert and never changes. */
  readonly position: number;
  readonly record: ReviewRecord;
}

/** How many records there are of each status. */
export interface ReviewCounts {
  readonly byStatus: Readonly<Record<ReviewStatus, number>>;
  readonly byApplication: Readonly<Record<ApplicationStatus, number>>;
}

/**
 * Where reviews live. Everything that decides is a {@link ReviewStore.transition}, which must be atomic against every other user of
 * the same data, in this process or another.
 */
export interface ReviewStore {
  /** Adds a record of version 1. Rejects when the id is taken. */
  insert(record: ReviewRecord): Promise<void>;
  get(id: string): Promise<ReviewRecord | undefined>;
  findByClaim(claimId: string): Promise<ReviewRecord | undefined>;
  /** Newest first. */
  list(query: RecordQuery): Promise<readonly StoredRecord[]>;
  /** Records whose `dueAtMs` is not after this moment, in any order. */
  listDue(nowMs: number, limit: number): Promise<readonly ReviewRecord[]>;
  /** Puts `next` in the place of the record, if that still has the expected version; says whether it did. */
  transition(id: string, expectedVersion: number, next: ReviewRecord): Promise<boolean>;
  counts(): Promise<ReviewCounts>;
  /** Keeps bytes under their digest. */
  putBody(bytes: Uint8Array): Promise<Digest>;
  getBody(digest: Digest): Promise<Uint8Array | undefined>;
  hasBody(digest: Digest): Promise<boolean>;
  /** Calls back with a review's id after each transition that this store learns of; returns the way to stop that. */
  subscribe(listener: (id: string) => void): () => void;
  close(): Promise<void>;
}
