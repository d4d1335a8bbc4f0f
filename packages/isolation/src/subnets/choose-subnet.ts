import { parseConfig } from '@paracle/core';
import { z } from 'zod';
import { type AddressRange, doOverlap, formatCidr, mergeRanges } from '../addresses/address-range.js';
import { toRange } from '../addresses/parse-range.js';
import { isBridgeSubnet, rangeSchema } from '../config/range-schema.js';
import { SubnetPoolsExhaustedError, type TakenSubnet } from '../errors/isolation-errors.js';

/** Where to take a subnet from. */
export interface ChooseSubnetOptions {
  /**
   * What must not be touched: other networks, and the host's routes. A route to everything, whole or in the halves that
   * VPNs make of it, takes nothing. @defaultValue []
   */
  readonly taken?: readonly TakenSubnet[];
  /** CIDRs of IPv4 to take subnets from, the first first. @defaultValue ['198.18.0.0/15', '172.16.0.0/16'] */
  readonly pools?: readonly string[] | undefined;
  /** Size of the subnet, from 8 to 30. @defaultValue 28 (16 addresses, 13 of them for containers) */
  readonly prefixLength?: number | undefined;
  /** A number from 0 up to, but not including, 1. @defaultValue Math.random */
  readonly random?: () => number;
}

/**
 * Not 10.0.0.0/8, where companies and most VPNs are; not 172.17.0.0/16 to 172.31.0.0/16 and 192.168.0.0/16, from which
 * the engine takes its own (https://docs.docker.com/engine/network/#automatic-subnet-allocation), nor home routers; not
 * 100.64.0.0/10, which Tailscale and carriers use. 198.18.0.0/15 is kept for benchmarks (RFC 2544) and is nobody's
 * network; where a proxy on this machine has taken it, its route says so and the one /16 that the engine leaves of
 * 172.16.0.0/12 is next. They hold 8,192 and 4,096 networks of 16 addresses.
 */
const DEFAULT_POOLS: readonly string[] = ['198.18.0.0/15', '172.16.0.0/16'];

const EVERYTHING_BITS = 31n;

type ResolvedOptions = {
  readonly [Name in keyof ChooseSubnetOptions]-?: NonNullable<ChooseSubnetOptions[Name]>;
};

const optionsSchema: z.ZodType<ResolvedOptions> = z.strictObject({
  taken: z.array(z.strictObject({ subnet: rangeSchema, holder: z.string() })).default([]),
  pools: z
    .array(rangeSchema.refine(isBridgeSubnet, 'a CIDR of IPv4 with a prefix length from 8 to 30'))
    .min(1)
    .default([...DEFAULT_POOLS]),
  prefixLength: z.int().min(8).max(30).default(28),
  random: z.custom<() => number>((value) => typeof value === 'function', 'a function').default(() => Math.random),
});

/**
 * Chooses a subnet that overlaps nothing that is taken, at random among all that are free, so that processes which
 * choose at the same time rarely choose the same; who does all the same chooses again.
 * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` for malformed options.
 * @throws SubnetPoolsExhaustedError `PARACLE_ISOLATION_POOLS_EXHAUSTED` with who holds what.
 */
export function chooseSubnet(options: ChooseSubnetOptions = {}): string {
  const { taken, pools, prefixLength, random } = parseConfig(optionsSchema, options, 'subnet options');
  const size = 1n << BigInt(32 - prefixLength);
  const holders = taken.filter(({ subnet }) => !isEverything(toRange(subnet)));
  const held = mergeRanges(holders.map(({ subnet }) => toRange(subnet)));
  for (const pool of pools.map((text) => toRange(text))) {
    const gaps = findGaps(pool, held, size);
    const count = gaps.reduce((sum, gap) => sum + gap.count, 0);
    const index = Math.floor(random() * count);
    const first = pickSlot(gaps, index, size);
    if (first !== undefined) return formatCidr({ family: 4, first, last: first + size - 1n });
  }
  const inPools = holders.filter(({ subnet }) => pools.some((pool) => doOverlap(toRange(subnet), toRange(pool))));
  throw new SubnetPoolsExhaustedError(pools, prefixLength, inPools);
}

function isEverything({ first, last }: AddressRange): boolean {
  return last - first + 1n >= 1n << EVERYTHING_BITS;
}

/** Free room: subnets of the wanted size, one after the other. */
interface Gap {
  readonly first: bigint;
  readonly count: number;
}

/** What lies free between what is held; both in ascending order, without overlaps. */
function findGaps(pool: AddressRange, held: readonly AddressRange[], size: bigint): readonly Gap[] {
  const inside = held.filter((range) => doOverlap(range, pool));
  const starts = [pool.first, ...inside.map(({ last }) => last + 1n)];
  const ends = [...inside.map(({ first }) => first), pool.last + 1n];
  return starts.flatMap((start, index) => {
    const first = ((start + size - 1n) / size) * size;
    const end = ends[index] ?? first;
    return end - first < size ? [] : [{ first, count: Number((end - first) / size) }];
  });
}

function pickSlot(gaps: readonly Gap[], index: number, size: bigint): bigint | undefined {
  let left = index;
  for (const { first, count } of gaps) {
    if (left < count) return first + BigInt(left) * size;
    left -= count;
  }
  return undefined;
}
