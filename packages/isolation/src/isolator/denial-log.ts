import type { Denial } from '../denials/denial.js';
import type { DenialJournal } from '../denials/parse-denials.js';
import type { CanaryTarget } from './canary.js';

/** Kept for one container; what comes on top is not told: a program that tries everything must not fill our memory. */
const MAX_DENIALS = 4096;

/** Who is told of each denial once: those who listen for events, and those who ask what an execution was refused. */
export type DenialReader = 'events' | 'executions';

/** What a reader has been told. */
interface Told {
  readonly counts: Map<string, number>;
  isTruncated: boolean;
}

/**
 * Adds up what a container's journals say. A journal begins anew with each ruleset, forgets what was not seen for an hour,
 * and has our own canaries in it, which no program tried.
 */
export class DenialLog {
  readonly #total = new Map<string, Denial>();
  readonly #told: Readonly<Record<DenialReader, Told>> = {
    events: { counts: new Map(), isTruncated: false },
    executions: { counts: new Map(), isTruncated: false },
  };
  #last: ReadonlyMap<string, number> = new Map();
  #isTruncated = false;

  /** A ruleset was put in place, with a journal that is empty. */
  begin(): void {
    this.#last = new Map();
  }

  /** What the journal has now; a packet to each of the targets was ours. */
  update({ denials, isTruncated }: DenialJournal, ownTargets: readonly CanaryTarget[] = []): void {
    if (isTruncated) this.#truncate();
    const own = new Set(ownTargets.map(({ address, port }) => keyOf({ address, port, protocol: 'tcp' })));
    for (const denial of denials) {
      const key = keyOf(denial);
      const before = this.#last.get(key) ?? 0;
      const added = (denial.count < before ? denial.count : denial.count - before) - (own.has(key) ? 1 : 0);
      if (added > 0) this.#add(denial, added);
    }
    this.#last = new Map(denials.map((denial) => [keyOf(denial), denial.count]));
  }

  /** All that was refused so far. */
  list(): DenialJournal {
    return { denials: [...this.#total.values()], isTruncated: this.#isTruncated };
  }

  /** What was refused since this reader last asked. */
  take(reader: DenialReader): DenialJournal {
    const told = this.#told[reader];
    const { isTruncated } = told;
    told.isTruncated = false;
    const denials = [...this.#total.values()].flatMap((denial) => {
      const key = keyOf(denial);
      const count = denial.count - (told.counts.get(key) ?? 0);
      told.counts.set(key, denial.count);
      return count > 0 ? [{ ...denial, count }] : [];
    });
    return { denials, isTruncated };
  }

  #add(denial: Denial, added: number): void {
    const key = keyOf(denial);
    const known = this.#total.get(key);
    if (known === undefined && this.#total.size >= MAX_DENIALS) this.#truncate();
    else this.#total.set(key, { ...denial, count: (known?.count ?? 0) + added });
  }

  #truncate(): void {
    this.#isTruncated = true;
    for (const told of Object.values(this.#told)) told.isTruncated = true;
  }
}

function keyOf({ address, protocol, port = 0 }: Pick<Denial, 'address' | 'protocol' | 'port'>): string {
  return `${address} ${protocol} ${port}`;
}
