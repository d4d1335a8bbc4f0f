import { Address4, Address6 } from 'ip-address';
import { type AddressRange, addressBits, formatAddress, formatCidr } from './address-range.js';

/** Why a text is no address and no range, as what was expected instead. */
export interface RangeProblem {
  readonly problem: string;
}

const SPELLING =
  'IPv4 as four decimal numbers without leading zeros (10.1.2.3), IPv6 as hexadecimal groups (2001:db8::1), a range with a prefix length (10.0.0.0/8)';

/** `::ffff:0:0/96` and the retired `::/96`: IPv4 in the clothes of IPv6 (RFC 4291, 2.5.5). */
const EMBEDDED_PREFIXES: readonly bigint[] = [0n, 0xffffn];

/**
 * Reads an address or a CIDR in its one accepted spelling. What programs read in different ways (0177.1, 127.1, 0x7f.1,
 * 2130706433, 10.0.0.1/8) is refused: a rule must not mean another address than its author thought.
 */
export function parseRange(text: string): AddressRange | RangeProblem {
  if (text.includes('%')) return { problem: 'an address without a zone (fe80::1, not fe80::1%eth0)' };
  const [address = '', prefix, ...more] = text.split('/');
  const parsed = parseAddress(address);
  if (parsed === undefined || more.length > 0) return { problem: SPELLING };
  const { family, value } = parsed;
  if (family === 6 && value > 1n && EMBEDDED_PREFIXES.includes(value >> 32n)) {
    return { problem: `IPv4 in its own spelling (${formatAddress(4, value & 0xffff_ffffn)}), not inside of IPv6` };
  }
  const bits = addressBits(family);
  if (prefix === undefined) return { family, first: value, last: value };
  if (!/^(?:0|[1-9]\d{0,2})$/u.test(prefix) || Number(prefix) > bits) {
    return { problem: `a prefix length of 0 to ${bits} without leading zeros` };
  }
  const size = 1n << BigInt(bits - Number(prefix));
  const first = value - (value % size);
  const range = { family, first, last: first + size - 1n };
  return first === value ? range : { problem: `a range without host bits (${formatCidr(range)})` };
}

/** Reads what was checked before. */
export function toRange(text: string): AddressRange {
  const range = parseRange(text);
  if ('problem' in range) throw new TypeError(`Expected ${range.problem}, got ${JSON.stringify(text)}`);
  return range;
}

function parseAddress(text: string): { readonly family: 4 | 6; readonly value: bigint } | undefined {
  try {
    return text.includes(':')
      ? { family: 6, value: new Address6(text).bigInt() }
      : { family: 4, value: new Address4(text).bigInt() };
  } catch {
    return undefined;
  }
}
