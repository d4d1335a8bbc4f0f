import { expect, it } from '@jest/globals';
import { hasGeneration } from '../../../src/ruleset/has-generation.js';
import type { NftObject } from '../../../src/ruleset/read-nft-objects.js';

/** As nft 1.0.6 prints the chain that marks connections. */
const listing = (generation: number, chain = 'allow'): readonly NftObject[] => {
  const expr = [{ mangle: { key: { ct: { key: 'mark' } }, value: generation } }, { accept: null }];
  return [{ kind: 'rule', fields: { family: 'inet', table: 'paracle', chain, handle: 8, expr } }];
};

it('tells a ruleset of one generation from those of others', () => {
  expect(hasGeneration(listing(12), 12)).toBe(true);
  expect(hasGeneration(listing(123), 12)).toBe(false);
  expect(hasGeneration(listing(12, 'output'), 12)).toBe(false);
});
