import { parseConfig } from '@paracle/core';
import { z } from 'zod';
import { formatCidr } from '../addresses/address-range.js';
import { parseRange } from '../addresses/parse-range.js';
import { type NetworkPolicy, parseNetworkPolicy } from '../config/network-policy.js';
import { RESOLVER } from '../ruleset/base-chains.js';
import { JOURNAL_SETS, JOURNAL_SIZE } from '../ruleset/denial-journal.js';
import { PROTOCOL_NUMBERS, PROTOCOLS_WITH_PORTS } from '../ruleset/protocol-numbers.js';
import { readNftObjects, unreadable } from '../ruleset/read-nft-objects.js';
import { type RulesetContext, rulesetContextSchema } from '../ruleset/ruleset-context.js';
import type { Denial } from './denial.js';
import { createExplanation, type Destination, type ExplainDenial } from './explain-denial.js';

/** What programs ask the resolver at. Its real port is random, and set before the rules see a packet. */
const RESOLVER_PORT = 53;

/** What was refused since the ruleset was loaded. */
export interface DenialJournal {
  /** By address, then protocol and port. */
  readonly denials: readonly Denial[];
  /** The journal was full, so more may have been refused than it has. */
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
  return explainDenials(
    output,
    createExplanation(policy, parseConfig(rulesetContextSchema, options.context, 'ruleset context')),
  );
}

/** {@link parseDenials} by an explanation that is there already. */
export function explainDenials(output: string, explain: ExplainDenial): DenialJournal {
  const journals = readNftObjects(output).filter(
    ({ kind, fields }) => kind === 'set' && Object.values(JOURNAL_SETS).includes(String(fields['name'])),
  );
  if (journals.length === 0) throw unreadable('the journal of denials');
  const sets = journals.map(({ fields }) => parseElements(fields['elem']));
  const denials = mergeEqual(sets.flat()).map(([key, { count, ...destination }]) => {
    return { key, denial: { ...destination, count, ...explain(destination) } };
  });
  return {
    denials: denials.sort((left, right) => (left.key < right.key ? -1 : 1)).map(({ denial }) => denial),
    isTruncated: sets.some((entries) => entries.length >= JOURNAL_SIZE),
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
      counter: z.object({ packets: z.int().min(0) }),
    }),
  })
  .transform(({ elem: { val, counter } }) => ({ key: val.concat, count: counter.packets }));

const elementsSchema = z.array(elementSchema).max(JOURNAL_SIZE);

type Entry = Destination & Pick<Denial, 'count'>;

function parseElements(elements: unknown): readonly Entry[] {
  const parsed = elementsSchema.safeParse(elements ?? []);
  if (!parsed.success) throw unreadable('entries of address, protocol, port and count');
  return parsed.data.map(({ key: [text, protocol, port], count }) => {
    const address = parseRange(text);
    if ('problem' in address || address.first !== address.last) throw unreadable('addresses in the journal');
    const asked = text === RESOLVER && port > 0 ? RESOLVER_PORT : port;
    return { address: formatCidr(address), ...toProtocolAndPort(protocol, asked), count };
  });
}

/** By what they are sorted by. */
function mergeEqual(entries: readonly Entry[]): readonly (readonly [string, Entry])[] {
  const merged = new Map<string, Entry>();
  for (const entry of entries) {
    const key = sortKey(entry);
    merged.set(key, { ...entry, count: entry.count + (merged.get(key)?.count ?? 0) });
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
