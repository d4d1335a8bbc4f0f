import { createHash } from 'node:crypto';
import { JOURNAL_SETS } from './denial-journal.js';
import { isRecord, type NftObject, readNftObjects, unreadable } from './read-nft-objects.js';

/** What differs from load to load, or with traffic. */
const PASSING_FIELDS: ReadonlySet<string> = new Set(['handle', 'expires']);

const MAY_PASS = /"(?:handle|expires|counter)"/u;

/**
 * The hash of a ruleset as the kernel has it, from `nft -j list table inet paracle`: the same each time the same text is
 * loaded, and another for any change to a rule, a chain, a set or its elements. The journal's entries, counts and
 * handles stay out. Compare hashes of one nft only, since versions print differently. It says nothing about other
 * tables.
 * @throws IsolationError `PARACLE_ISOLATION_RULESET_UNREADABLE` where this is not one table; treat it as a difference.
 */
export function hashRuleset(output: string): string {
  return hashObjects(readNftObjects(output));
}

/** {@link hashRuleset} of what was read already. */
export function hashObjects(listed: readonly NftObject[]): string {
  const objects = listed.filter(({ kind }) => kind !== 'metainfo');
  if (objects.filter(({ kind }) => kind === 'table').length !== 1) throw unreadable('one table');
  const canonical = objects.map(({ kind, fields }) => {
    const isJournal = kind === 'set' && Object.values(JOURNAL_SETS).includes(String(fields['name']));
    return [kind, toCanonical(isJournal ? { ...fields, elem: [] } : fields)];
  });
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex');
}

function toCanonical(value: unknown, key = ''): unknown {
  // The kernel hands out the elements of a set in any order; everything else has one that counts.
  if (Array.isArray(value))
    return key === 'elem' || key === 'set' ? toSorted(value) : value.map((each) => toCanonical(each));
  if (!isRecord(value)) return value;
  const isCounter = key === 'counter';
  return Object.entries(value)
    .filter(([name]) => !PASSING_FIELDS.has(name) && !(isCounter && (name === 'packets' || name === 'bytes')))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, field]) => [name, toCanonical(field, name)]);
}

/** There may be tens of thousands, most of them with nothing that passes: one nft always writes these the same. */
function toSorted(elements: readonly unknown[]): string[] {
  return elements
    .map((element) => {
      const text = JSON.stringify(element);
      return MAY_PASS.test(text) ? JSON.stringify(toCanonical(element)) : text;
    })
    .sort();
}
