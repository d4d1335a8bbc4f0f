import { type AddressFamily, type AddressRange, formatAddress, mergeRanges } from '../addresses/address-range.js';
import { formatPort, type Port } from '../config/port.js';
import type { PolicyStep, StepMatch } from './policy-steps.js';
import { PROTOCOL_NUMBERS } from './protocol-numbers.js';

/** What a step becomes: sets to declare, and rules to ask them. */
export interface CompiledStep {
  readonly sets: readonly string[];
  readonly rules: readonly string[];
}

/** Compiles a step for one version of IP; nothing comes of a step without addresses of it. */
export function compileStep(step: PolicyStep, family: AddressFamily): CompiledStep {
  const matches = step.matches.filter(({ range }) => range.family === family);
  const verdict = step.isAllowed ? 'goto allow' : 'goto refuse';
  const address = family === 4 ? 'ip daddr' : 'ip6 daddr';
  const name = `${step.name}${family}`;
  const kinds = [
    { set: name, elements: listRanges(matches, 'all'), key: address, rule: `${address} @${name}` },
    {
      set: `${name}_tcp`,
      elements: listRanges(matches, 'tcp'),
      key: address,
      rule: `${address} @${name}_tcp meta l4proto ${PROTOCOL_NUMBERS.tcp}`,
    },
    {
      set: `${name}_port`,
      elements: listPorts(matches),
      key: `${address} . meta l4proto . th dport`,
      rule: `${address} . meta l4proto . th dport @${name}_port`,
    },
  ].filter(({ elements }) => elements.length > 0);
  return {
    sets: kinds.map(({ set, key, elements }) => declareSet(set, key, elements)),
    rules: kinds.map(({ rule }) => `${rule} ${verdict}`),
  };
}

function declareSet(name: string, key: string, elements: readonly string[]): string {
  return `set ${name} { typeof ${key}; flags interval; elements = { ${elements.join(', ')} }; }`;
}

function listRanges(matches: readonly StepMatch[], ports: 'all' | 'tcp'): readonly string[] {
  return mergeRanges(matches.filter((match) => match.ports === ports).map(({ range }) => range)).map(formatInterval);
}

/** Merged port by port: the kernel refuses a set of several keys in which two elements overlap. */
function listPorts(matches: readonly StepMatch[]): readonly string[] {
  const byPort = new Map<string, { readonly port: Port; readonly ranges: AddressRange[] }>();
  for (const { range, ports } of matches) {
    for (const port of typeof ports === 'string' ? [] : ports) {
      const entry = byPort.get(formatPort(port)) ?? { port, ranges: [] };
      entry.ranges.push(range);
      byPort.set(formatPort(port), entry);
    }
  }
  const entries = [...byPort.entries()].sort(([left], [right]) => (left < right ? -1 : 1));
  return entries.flatMap(([, { port, ranges }]) =>
    mergeRanges(ranges).map((range) => `${formatInterval(range)} . ${PROTOCOL_NUMBERS[port.protocol]} . ${port.port}`),
  );
}

function formatInterval({ family, first, last }: AddressRange): string {
  const start = formatAddress(family, first);
  return first === last ? start : `${start}-${formatAddress(family, last)}`;
}
