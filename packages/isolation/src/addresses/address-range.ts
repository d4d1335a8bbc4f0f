import { Address6 } from 'ip-address';

/** Version of the Internet Protocol. */
export type AddressFamily = 4 | 6;

/** All addresses from one to another, both included. */
export interface AddressRange {
  readonly family: AddressFamily;
  readonly first: bigint;
  readonly last: bigint;
}

/** How many bits an address has. */
export function addressBits(family: AddressFamily): number {
  return family === 4 ? 32 : 128;
}

/** An address in its usual spelling; IPv6 as RFC 5952 has it. */
export function formatAddress(family: AddressFamily, value: bigint): string {
  if (family === 6) return Address6.fromBigInt(value).correctForm();
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
}

/** A range that a CIDR stands for, as that CIDR; one address without its prefix length. */
export function formatCidr({ family, first, last }: AddressRange): string {
  const address = formatAddress(family, first);
  const hostBits = (last - first).toString(2).length;
  return first === last ? address : `${address}/${addressBits(family) - hostBits}`;
}

/** Whether two ranges have an address in common. */
export function doOverlap(left: AddressRange, right: AddressRange): boolean {
  return left.family === right.family && left.first <= right.last && right.first <= left.last;
}

/** Whether a range holds all of another. */
export function isCoveredBy(inner: AddressRange, outer: AddressRange): boolean {
  return inner.family === outer.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** The same addresses in as few ranges as can be, IPv4 before IPv6, ascending. */
export function mergeRanges(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const merged: AddressRange[] = [];
  for (const range of [...ranges].sort(compareRanges)) {
    const previous = merged.at(-1);
    if (previous?.family !== range.family || range.first > previous.last + 1n) {
      merged.push(range);
    } else if (range.last > previous.last) {
      merged[merged.length - 1] = { ...previous, last: range.last };
    }
  }
  return merged;
}

function compareRanges(left: AddressRange, right: AddressRange): number {
  if (left.family !== right.family) return left.family - right.family;
  if (left.first === right.first) return 0;
  return left.first < right.first ? -1 : 1;
}
