import type { Denial } from '../denials/denial.js';
import type { CanaryTarget } from './canary.js';

/** Kept for one container; what comes on top is not told: a program that tries everything must not fill our memory. */
const MAX_DENIALS = 4096;

/**
 * Adds up what a container's journals say. A journal begins anew with each ruleset, forgets what was not seen for an hour,
 * and has our own canaries in it, which no program tried.
 */
export class DenialLog {
  readonly #total = new Map<string, Denial>();
  readonly #taken = new Map<string, number>();
  #last: ReadonlyMap<string, number> = new Map();

  /** A ruleset was put in place; all that its journal has is our own looks. */
  begin(journal: readonly Denial[]): void {
    this.#last = toCounts(journal);
  }

  /** What the journal has now; a packet to each of the targets was ours. */
  update(journal: readonly Denial[], ownTargets: readonly CanaryTarget[] = []): void {
    const own = new Set(ownTargets.map(({ address, port }) => keyOf({ address, port, protocol: 'tcp' })));
    for (const denial of journal) {
      const key = keyOf(denial);
      const before = this.#last.get(key) ?? 0;
      const added = (denial.count < before ? denial.count : denial.count - before) - (own.has(key) ? 1 : 0);
      const isKept = this.#total.has(key) || this.#total.size < MAX_DENIALS;
      if (added > 0 && isKept) this.#total.set(key, { ...denial, count: (this.#total.get(key)?.count ?? 0) + added });
    }
    this.#last = toCounts(journal);
  }

  /** All that was refused so far. */
  list(): readonly Denial[] {
    return [...this.#total.values()];
  }

  /** What was refused since this was last called. */
  take(): readonly Denial[] {
    return this.list().flatMap((denial) => {
      const key = keyOf(denial);
      const count = denial.count - (this.#taken.get(key) ?? 0);
      this.#taken.set(key, denial.count);
      return count > 0 ? [{ ...denial, count }] : [];
    });
  }
}

function toCounts(denials: readonly Denial[]): ReadonlyMap<string, number> {
  return new Map(denials.map((denial) => [keyOf(denial), denial.count]));
}

function keyOf({ address, protocol, port = 0 }: Pick<Denial, 'address' | 'protocol' | 'port'>): string {
  return `${address} ${protocol} ${port}`;
}
