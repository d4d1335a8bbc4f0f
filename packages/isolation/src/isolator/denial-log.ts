import type { Denial } from '../denials/denial.js';

/**
 * Adds up what a container's journals say. A journal begins anew with each ruleset, and has the canaries of that ruleset
 * in it, which no program tried.
 */
export class DenialLog {
  readonly #past = new Map<string, Denial>();
  readonly #taken = new Map<string, number>();
  #journal = new Map<string, Denial>();
  #baseline = new Map<string, Denial>();

  /** A ruleset was put in place; this is what its journal has from our own looks. */
  begin(journal: readonly Denial[]): void {
    for (const denial of this.list()) this.#past.set(keyOf(denial), denial);
    this.#baseline = toMap(journal);
    this.#journal = this.#baseline;
  }

  /** What the journal has now. */
  update(journal: readonly Denial[]): void {
    this.#journal = toMap(journal);
  }

  /** Looks of our own found these in the journal. */
  discount(targets: readonly { readonly address: string; readonly port: number }[]): void {
    for (const { address, port } of targets) {
      const key = keyOf({ address, port, protocol: 'tcp' });
      const known = this.#baseline.get(key);
      const seen = this.#journal.get(key);
      if (seen !== undefined) this.#baseline.set(key, { ...seen, count: (known?.count ?? 0) + 1 });
    }
  }

  /** All that was refused so far. */
  list(): readonly Denial[] {
    const total = new Map(this.#past);
    for (const [key, denial] of this.#journal) {
      const count = denial.count - (this.#baseline.get(key)?.count ?? 0);
      if (count > 0) total.set(key, { ...denial, count: count + (total.get(key)?.count ?? 0) });
    }
    return [...total.values()];
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

function toMap(denials: readonly Denial[]): Map<string, Denial> {
  return new Map(denials.map((denial) => [keyOf(denial), denial]));
}

function keyOf({ address, protocol, port = 0 }: Pick<Denial, 'address' | 'protocol' | 'port'>): string {
  return `${address} ${protocol} ${port}`;
}
