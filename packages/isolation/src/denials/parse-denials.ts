import { parseConfig } from '@paracle/core';
import { z } from 'zod';
import { formatCidr } from '../addresses/address-range.js';
import { parseRange } from '../addresses/parse-range.js';
import { type NetworkPolicy, parseNetworkPolicy } from '../config/network-policy.js';
import { RESOLVER } from '../ruleset/base-chains.js';
import { JOURNAL_SETS, JOURNAL_SIZE } from '../ruleset/denial-journal.js';
import { PROTOCOL_NUMBERS, PROTOCOLS_WITH_PORTS } from '../ruleset/protocol-numbers.js';
import { type NftObject, readNftObjects, unreadable } from '../ruleset/read-nft-objects.js';
import { type RulesetContext, rulesetContextSchema } from '../ruleset/ruleset-context.js';
import type { Denial } from './denial.js';
import { createExplanation, type Destination, type ExplainDenial } from './explain-denial.js';

/** What programs ask the resolver at. Its real port is random, and set before the rules see a packet. */
const RESOLVER_PORT = 53;

/** What was refused since the ruleset was loaded. */
export interface DenialJournal {
  /** By address, then protocol and port. */
  readonly denials: readonly Denial[];
  /** More may have been refused: the journal was full, or nobody had read it for as long as it keeps an entry. */
  readonly isTruncated: boolean;
}

/** A denial as the kernel has it. */
export interface JournalEntry {
  readonly denial: Denial;
  /** In how many seconds the kernel forgets it, unless it comes again: by this it is told from its successor. */
  readonly expiresSeconds: number;
}

/** A {@link DenialJournal} as it is read, in the same order. */
export interface JournalReading {
  readonly entries: readonly JournalEntry[];
  readonly isTruncated: boolean;
}

/** The policy and context that a journal's ruleset was compiled from. */
export interface ParseDenialsOptions {
  readonly policy: NetworkPolicy;
  readonly context: RulesetContext;
}

/**
 * Reads the journal of denials from `nft -j list set inet paracle denials4` (and `denials6`), or from the whole table.
 * @throws IsolationError `PARACLE_ISOLATION_RULESET_UNREADABLE` where this is no journal of ours.
 */
export function parseDenials(output: string, options: ParseDenialsOptions): DenialJournal {
  const policy = parseNetworkPolicy(options.policy);
  const context = parseConfig(rulesetContextSchema, options.context, 'ruleset context');
  const { entries, isTruncated } = readJournal(readNftObjects(output), createExplanation(policy, context));
  return { denials: entries.map(({ denial }) => denial), isTruncated };
}

/** {@link parseDenials} of what was read already, by an explanation that is there, with what the kernel says of each entry. */
export function readJournal(objects: readonly NftObject[], explain: ExplainDenial): JournalReading {
  const journals = objects.filter(
    ({ kind, fields }) => kind === 'set' && Object.values(JOURNAL_SETS).includes(String(fields['name'])),
  );
  if (journals.length === 0) throw unreadable('the journal of denials');
  const sets = journals.map(({ fields }) => parseElements(fields['elem']));
  const entries = mergeEqual(sets.flat()).map(([key, { expiresSeconds, count, ...destination }]) => {
    return { key, entry: { denial: { ...destination, count, ...explain(destination) }, expiresSeconds } };
  });
  return {
    entries: entries.sort((left, right) => (left.key < right.key ? -1 : 1)).map(({ entry }) => entry),
    isTruncated: sets.some((elements) => elements.length >= JOURNAL_SIZE),
  };
}

const elementSchema = z
  .object({
    elem: z.object({
      val: z.object({
        concat: z.tuple([
          z.string().max(45),
          z.union([z.string().regex(/^[a-z0-9-]{1,32}$/u), z.int().min(0).max(255)]),
          z.int().min(0).max(65_535),
        ]),
      }),
      // Left out where there is nothing left.
      expires: z.number().min(0).default(0),
      counter: z.object({ packets: z.int().min(0) }),
    }),
  })
  .transform(({ elem: { val, expires, counter } }) => {
    return { key: val.concat, expiresSeconds: expires, count: counter.packets };
  });

const elementsSchema = z.array(elementSchema).max(JOURNAL_SIZE);

type Element = Destination & Pick<Denial, 'count'> & Pick<JournalEntry, 'expiresSeconds'>;

function parseElements(elements: unknown): readonly Element[] {
  const parsed = elementsSchema.safeParse(elements ?? []);
  if (!parsed.success) throw unreadable('entries of address, protocol, port and count');
  return parsed.data.map(({ key: [text, protocol, port], ...kept }) => {
    const address = parseRange(text);
    if ('problem' in address || address.first !== address.last) throw unreadable('addresses in the journal');
    const asked = text === RESOLVER && port > 0 ? RESOLVER_PORT : port;
    return { address: formatCidr(address), ...toProtocolAndPort(protocol, asked), ...kept };
  });
}

/** By what they are sorted by. */
function mergeEqual(elements: readonly Element[]): readonly (readonly [string, Element])[] {
  const merged = new Map<string, Element>();
  for (const element of elements) {
    const key = sortKey(element);
    const { count, expiresSeconds } = merged.get(key) ?? { count: 0, expiresSeconds: 0 };
    merged.set(key, {
      ...element,
      count: element.count + count,
      expiresSeconds: Math.max(element.expiresSeconds, expiresSeconds),
    });
  }
  return [...merged];
}

/** nft prints names where it has /etc/protocols, `ipv6-icmp` for ICMPv6, and numbers elsewhere. */
function toProtocolAndPort(protocol: string | number, port: number): Pick<Denial, 'protocol' | 'port'> {
  const names = Object.entries(PROTOCOL_NUMBERS);
  const spelled = protocol === 'ipv6-icmp' ? 'icmpv6' : String(protocol);
  const known = names.find(([name, number]) => spelled === name || spelled === String(number));
  if (known === undefined) return { protocol: spelled };
  const [name, number] = known;
  return PROTOCOLS_WITH_PORTS.includes(number) ? { protocol: name, port } : { protocol: name };
}

function sortKey({ address, protocol, port = 0 }: Destination): string {
  return `${address} ${protocol} ${String(port).padStart(5, '0')}`;
}
