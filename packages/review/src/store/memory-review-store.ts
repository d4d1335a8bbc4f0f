import { type Digest, toDigest } from '../content/digest.js';
import type { ReviewRecord } from '../decision/review-record.js';
import { countRecords } from './count-records.js';
import type { RecordQuery, ReviewCounts, ReviewStore, StoredRecord } from './review-store.js';

function matches(record: ReviewRecord, query: RecordQuery): boolean {
  return (
    (query.status === undefined || record.status === query.status) &&
    (query.sandboxId === undefined || record.sandboxId === query.sandboxId) &&
    (query.changeSetId === undefined || record.changeSetId === query.changeSetId)
  );
}

/** A {@link ReviewStore} in this process's memory: nothing is ever removed, and everything is gone when the process ends. */
export class MemoryReviewStore implements ReviewStore {
  readonly #records = new Map<string, ReviewRecord>();
  readonly #order: string[] = [];
  readonly #due = new Set<string>();
  readonly #claims = new Map<string, string>();
  readonly #bodies = new Map<Digest, Uint8Array>();
  readonly #listeners = new Set<(id: string) => void>();

  async insert(record: ReviewRecord): Promise<void> {
    if (this.#records.has(record.id)) throw new TypeError(`The id ${record.id} is taken.`);
    this.#order.push(record.id);
    this.#keep(record);
  }

  async get(id: string): Promise<ReviewRecord | undefined> {
    return this.#records.get(id);
  }

  async findByClaim(claimId: string): Promise<ReviewRecord | undefined> {
    const id = this.#claims.get(claimId);
    return id === undefined ? undefined : this.#records.get(id);
  }

  async list(query: RecordQuery): Promise<readonly StoredRecord[]> {
    const found: StoredRecord[] = [];
    const end = Math.min(query.before ?? this.#order.length, this.#order.length);
    for (let position = end - 1; position >= 0 && found.length < query.limit; position -= 1) {
      const record = this.#records.get(this.#order[position] ?? '');
      if (record !== undefined && matches(record, query)) found.push({ position, record });
    }
    return found;
  }

  async listDue(nowMs: number, limit: number): Promise<readonly ReviewRecord[]> {
    const found: ReviewRecord[] = [];
    for (const id of this.#due) {
      const record = this.#records.get(id);
      if (record?.dueAtMs !== undefined && record.dueAtMs <= nowMs) found.push(record);
      if (found.length >= limit) break;
    }
    return found;
  }

  async transition(id: string, expectedVersion: number, next: ReviewRecord): Promise<boolean> {
    if (this.#records.get(id)?.version !== expectedVersion) return false;
    this.#keep(next);
    for (const listener of [...this.#listeners]) listener(id);
    return true;
  }

  async counts(): Promise<ReviewCounts> {
    return countRecords(this.#records.values());
  }

  async putBody(bytes: Uint8Array): Promise<Digest> {
    const digest = toDigest(bytes);
    if (!this.#bodies.has(digest)) this.#bodies.set(digest, Uint8Array.from(bytes));
    return digest;
  }

  async getBody(digest: Digest): Promise<Uint8Array | undefined> {
    const bytes = this.#bodies.get(digest);
    return bytes === undefined ? undefined : Uint8Array.from(bytes);
  }

  async hasBody(digest: Digest): Promise<boolean> {
    return this.#bodies.has(digest);
  }

  subscribe(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  #keep(record: ReviewRecord): void {
    this.#records.set(record.id, Object.freeze({ ...record }));
    if (record.dueAtMs === undefined) this.#due.delete(record.id);
    else this.#due.add(record.id);
    if (record.application.claimId !== undefined) this.#claims.set(record.application.claimId, record.id);
  }
}
