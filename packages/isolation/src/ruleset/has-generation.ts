import type { NftObject } from './read-nft-objects.js';

/**
 * Whether the table that nft listed is of this generation of a policy: whether connections get its number. Another
 * controller that loads its own rules has another.
 */
export function hasGeneration(objects: readonly NftObject[], generation: number): boolean {
  const mark = { mangle: { key: { ct: { key: 'mark' } }, value: generation } };
  const rules = objects.filter(({ kind, fields }) => kind === 'rule' && fields['chain'] === 'allow');
  return rules.some(({ fields }) => JSON.stringify(fields['expr']).includes(JSON.stringify(mark)));
}
