import { expect, it } from '@jest/globals';
import { hasGeneration } from '../../../src/ruleset/has-generation.js';

/** As nft 1.0.6 prints the chain that marks connections. */
const listing = (generation: number, chain = 'allow'): string => {
  const expr = [{ mangle: { key: { ct: { key: 'mark' } }, value: generation } }, { accept: null }];
  const rule = { family: 'inet', table: 'paracle', chain, handle: 8, expr };
  return JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6' } }, { rule }] });
};

it('tells a ruleset of one generation from those of others', () => {
  expect(hasGeneration(listing(12), 12)).toBe(true);
  expect(hasGeneration(listing(123), 12)).toBe(false);
  expect(hasGeneration(listing(12, 'output'), 12)).toBe(false);
});

it('says what is no listing', () => {
  expect(() => hasGeneration('', 1)).toThrow(expect.objectContaining({ code: 'PARACLE_ISOLATION_RULESET_UNREADABLE' }));
});
