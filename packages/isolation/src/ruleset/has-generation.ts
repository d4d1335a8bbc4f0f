import { readNftObjects } from './read-nft-objects.js';

/**
 * Whether the table that `nft -j list table inet paracle` printed is of this generation of a policy: whether connections
 * get its number. Another controller that loads its own rules has another.
 * @throws IsolationError `PARACLE_ISOLATION_RULESET_UNREADABLE`
 */
export function hasGeneration(output: string, generation: number): boolean {
  const mark = { mangle: { key: { ct: { key: 'mark' } }, value: generation } };
  const rules = readNftObjects(output).filter(({ kind, fields }) => kind === 'rule' && fields['chain'] === 'allow');
  return rules.some(({ fields }) => JSON.stringify(fields['expr']).includes(JSON.stringify(mark)));
}
