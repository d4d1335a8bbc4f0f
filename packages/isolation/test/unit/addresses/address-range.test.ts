import { expect, it } from '@jest/globals';
import { type AddressRange, mergeRanges } from '../../../src/addresses/address-range.js';
import { toRange } from '../../../src/addresses/parse-range.js';
import { createRandom } from '../support/random.js';

it('merges what overlaps or touches, and keeps versions of IP apart', () => {
  const ranges = ['10.0.1.0/24', '10.0.0.0/24', '10.0.0.128/25', '10.0.3.0/24', '::a00:0:0/96', '10.0.1.7'].map(
    toRange,
  );

  expect(mergeRanges(ranges)).toEqual([
    { family: 4, first: toRange('10.0.0.0').first, last: toRange('10.0.1.255').first },
    toRange('10.0.3.0/24'),
    toRange('::a00:0:0/96'),
  ]);
});

it('holds the same addresses after merging, without overlaps, whatever was merged', () => {
  const random = createRandom(1);
  for (let round = 0; round < 300; round += 1) {
    const ranges = Array.from({ length: random(12) }, (): AddressRange => {
      const first = BigInt(random(60));
      return { family: random(2) === 0 ? 4 : 6, first, last: first + BigInt(random(10)) };
    });

    const merged = mergeRanges(ranges);

    expect(merged.flatMap(listAddresses)).toEqual([...new Set(ranges.flatMap(listAddresses))].sort());
  }
});

/** In an order that sorts as texts do. */
function listAddresses({ family, first, last }: AddressRange): readonly string[] {
  return Array.from(
    { length: Number(last - first) + 1 },
    (_value, index) => `${family}:${String(first + BigInt(index)).padStart(3, '0')}`,
  );
}
