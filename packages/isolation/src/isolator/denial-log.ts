import type { Denial } from '../denials/denial.js';
import type { DenialJournal, JournalEntry, JournalReading } from '../denials/parse-denials.js';
import { JOURNAL_HOURS } from '../ruleset/denial-journal.js';
import type { CanaryTarget } from './canary.js';

/** Kept for one container; what comes on top is not told: a program that tries everything must not fill our memory. */
const MAX_DENIALS = 4096;

const FORGOTTEN_AFTER_MS = JOURNAL_HOURS * 3_600_000;

/** So far apart, the kernel may have forgotten what neither of two readings saw; a reading takes half a minute at most. */
const LONGEST_GAP_MS = FORGOTTEN_AFTER_MS - 60_000;

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
  readonly #now: () => number;
  #last: ReadonlyMap<string, JournalEntry> = new Map();
  #readMs: number;
  #isTruncated = false;

  /** The clock counts milliseconds from anywhere. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#readMs = now();
  }

  /** A ruleset was put in place, with a journal that is empty. */
  begin(): void {
    this.#last = new Map();
  }

  /** What the journal has now; a packet to each of the targets was ours. */
  update({ entries, isTruncated }: JournalReading, ownTargets: readonly CanaryTarget[] = []): void {
    const elapsedMs = this.#now() - this.#readMs;
    this.#readMs += elapsedMs;
    if (isTruncated || elapsedMs >= LONGEST_GAP_MS) this.#truncate();
    const own = new Set(ownTargets.map(({ address, port }) => keyOf({ address, port, protocol: 'tcp' })));
    for (const entry of entries) {
      const key = keyOf(entry.denial);
      const last = this.#last.get(key);
      const before = last === undefined || isSuccessor(entry, last, elapsedMs) ? 0 : last.denial.count;
      const added = entry.denial.count - before - (own.has(key) ? 1 : 0);
      if (added > 0) this.#add(entry.denial, added);
    }
    this.#last = new Map(entries.map((entry) => [keyOf(entry.denial), entry]));
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

/**
 * Whether an entry counts anew, since the kernel had forgotten the last one. Of two with the same count it is the same
 * if it was last seen at the same time, and a successor was seen an hour later at least. Where a successor has counted
 * further than the last one nothing tells: then less is counted than was refused, and never more.
 */
function isSuccessor({ denial, expiresSeconds }: JournalEntry, last: JournalEntry, elapsedMs: number): boolean {
  if (denial.count !== last.denial.count) return denial.count < last.denial.count;
  const seenLaterMs = elapsedMs + (expiresSeconds - last.expiresSeconds) * 1000;
  return seenLaterMs >= FORGOTTEN_AFTER_MS / 2;
}

function keyOf({ address, protocol, port = 0 }: Pick<Denial, 'address' | 'protocol' | 'port'>): string {
  return `${address} ${protocol} ${port}`;
}
