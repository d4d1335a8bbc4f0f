import { expect, it } from '@jest/globals';
import { createRandom } from '@paracle/test-support';
import { canonicalize } from '../../../src/content/canonicalize.js';
import type { JsonValue } from '../../../src/content/json-value.js';

it.each([
  // The examples of RFC 8785, 3.2.2 and 3.2.3.
  [
    {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      literals: [null, true, false],
    },
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}',
  ],
  [
    { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 },
    '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
  ],
  [{ text: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"\u002f' }, '{"text":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'],
  [-0, '0'],
  [{ b: undefined, a: [] }, '{"a":[]}'],
  [JSON.parse('{"__proto__":1,"a":2}'), '{"__proto__":1,"a":2}'],
])('writes the canonical form: case %#', (value, expected) => {
  expect(canonicalize(value)).toBe(expected);
});

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

it.each([
  ['undefined', undefined],
  ['a function', { a: () => 1 }],
  ['a bigint', 1n],
  ['NaN', [Number.NaN]],
  ['Infinity', { a: Infinity }],
  ['a date', { at: new Date(0) }],
  ['a map', new Map()],
  ['a buffer', Buffer.from('x')],
  ['a hole', new Array(1)],
  ['half a surrogate pair', { a: '\ud83d' }],
  ['half a surrogate pair in a key', { '\ude00': 1 }],
  ['a cycle', cycle],
])('refuses %s', (_title, value) => {
  expect(() => canonicalize(value)).toThrow(expect.objectContaining({ code: 'PARACLE_REVIEW_CONTENT_INVALID' }));
});

it('gives equal values one form and different values different forms', () => {
  const random = createRandom(3);
  const scalars: readonly JsonValue[] = [null, true, false, 0, -1.5, 1e21, '', 'a', '\u2028', 'é', '"', '\\'];
  const value = (depth: number): JsonValue => {
    const kind = random();
    if (depth === 0 || kind < 0.4) return scalars[Math.floor(random() * scalars.length)] ?? null;
    const size = Math.floor(random() * 4);
    if (kind < 0.7) return Array.from({ length: size }, () => value(depth - 1));
    return Object.fromEntries(Array.from({ length: size }, () => [`k${Math.floor(random() * 9)}`, value(depth - 1)]));
  };
  const shuffled = (item: JsonValue): JsonValue => {
    if (Array.isArray(item)) return item.map(shuffled);
    if (typeof item !== 'object' || item === null) return item;
    return Object.fromEntries(
      Object.entries(item)
        .reverse()
        .map(([key, member]) => [key, shuffled(member)]),
    );
  };
  const seen = new Map<string, JsonValue>();
  for (let round = 0; round < 1_000; round += 1) {
    const one = value(4);
    const text = canonicalize(one);
    expect(canonicalize(shuffled(one))).toBe(text);
    expect(JSON.parse(text)).toEqual(one);
    expect(seen.get(text) ?? one).toEqual(one);
    seen.set(text, one);
  }
});
