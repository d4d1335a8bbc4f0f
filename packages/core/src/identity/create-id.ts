import { randomBytes } from 'node:crypto';

/** What {@link createId} may be given instead of the real clock and random source. */
export interface CreateIdOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** That many random bytes. */
  readonly random?: (sizeBytes: number) => Uint8Array;
}

/** Crockford's alphabet, without i, l, o and u. @see https://www.crockford.com/base32.html */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const randomSizeBytes = 10;

/**
 * Makes an id that sorts by time: the prefix, `_`, and 26 characters of 48 bits of milliseconds and 80 random bits.
 * @example createId('sbx') // sbx_01k9w3v4m8q2n5x7y0r6t1c3de
 */
export function createId<Prefix extends string>(prefix: Prefix, options: CreateIdOptions = {}): `${Prefix}_${string}` {
  const { now = Date.now, random = randomBytes } = options;
  const time = BigInt(Math.floor(now())) & 0xffff_ffff_ffffn;
  const noise = BigInt(`0x${Buffer.from(random(randomSizeBytes)).toString('hex')}`);
  return `${prefix}_${toBase32((time << 80n) | noise, 26)}`;
}

function toBase32(value: bigint, length: number): string {
  return Array.from({ length }, (_value, index) => {
    const shift = BigInt(5 * (length - 1 - index));
    return alphabet.charAt(Number((value >> shift) & 31n));
  }).join('');
}
