import { expect, it } from '@jest/globals';
import { createId } from '@paracle/core';

it('is the prefix and 26 characters of Crockford’s alphabet, never the same twice', () => {
  const ids = Array.from({ length: 2_000 }, () => createId('sbx'));

  expect(ids.every((id) => /^sbx_[0-9a-hjkmnp-tv-z]{26}$/u.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
});

it('sorts by time whatever the random part is', () => {
  const early = createId('sbx', { now: () => 1_700_000_000_000, random: (size) => new Uint8Array(size).fill(255) });
  const late = createId('sbx', { now: () => 1_700_000_000_001, random: (size) => new Uint8Array(size) });

  expect(early < late).toBe(true);
});

it('holds exactly its time and its random bits', () => {
  const options = { now: () => 2 ** 48 - 1, random: (size: number) => new Uint8Array(size).fill(255) };

  expect(createId('x', options)).toBe(`x_7${'z'.repeat(25)}`);
  expect(createId('x', { now: () => 0, random: (size) => new Uint8Array(size) })).toBe(`x_${'0'.repeat(26)}`);
});
