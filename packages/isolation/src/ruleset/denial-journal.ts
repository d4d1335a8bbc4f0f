import type { Chain } from './chain.js';
import { PROTOCOL_NUMBERS, PROTOCOLS_WITH_PORTS } from './protocol-numbers.js';

/** Denials kept for each version of IP; bounds what a program that tries everything takes of the kernel's memory. */
export const JOURNAL_SIZE = 1024;

/** How long the kernel keeps an entry that isn't seen again. */
export const JOURNAL_HOURS = 1;

/** The journal's sets, by version of IP. */
export const JOURNAL_SETS: Readonly<Record<4 | 6, string>> = { 4: 'denials4', 6: 'denials6' };

/** Sets of address, protocol and port, written by the kernel. */
export function declareJournal(): readonly string[] {
  return ([4, 6] as const).map(
    (family) =>
      `set ${JOURNAL_SETS[family]} { type ipv${family}_addr . inet_proto . inet_service; size ${JOURNAL_SIZE}; flags dynamic,timeout; timeout ${JOURNAL_HOURS}h; }`,
  );
}

/**
 * Where what is refused goes: into the journal, and back to the sender, so that no program waits for a time-out. Each
 * entry has a rule of its own: where the set is full the rule ends there, and the refusal must not end with it.
 */
export function refuseChain(): Chain {
  const withPorts = `{ ${PROTOCOLS_WITH_PORTS.join(', ')} }`;
  const journal = ([4, 6] as const).flatMap((family) => {
    const address = family === 4 ? 'ip daddr' : 'ip6 daddr';
    const update = (port: string): string =>
      `update @${JOURNAL_SETS[family]} { ${address} . meta l4proto . ${port} counter }`;
    return [`meta l4proto ${withPorts} ${update('th dport')}`, `meta l4proto != ${withPorts} ${update('0')}`];
  });
  return {
    name: 'refuse',
    rules: [
      ...journal,
      // A later fragment has no ports.
      `ip frag-off & 0x1fff != 0 update @${JOURNAL_SETS[4]} { ip daddr . meta l4proto . 0 counter }`,
      `meta l4proto ${PROTOCOL_NUMBERS.tcp} reject with tcp reset`,
      'reject with icmpx admin-prohibited',
      'drop',
    ],
  };
}
