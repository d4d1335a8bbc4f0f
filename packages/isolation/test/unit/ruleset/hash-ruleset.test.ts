import { expect, it } from '@jest/globals';
import { hashRuleset } from '../../../src/index.js';

const list = (...objects: unknown[]): string =>
  JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6' } }, ...objects] });
const table = { table: { family: 'inet', name: 'paracle', handle: 1 } };
const rule = (expr: readonly unknown[], handle = 5) => ({
  rule: { family: 'inet', table: 'paracle', chain: 'output', handle, expr },
});
const set = (name: string, elem: readonly unknown[]) => ({
  set: { family: 'inet', name, table: 'paracle', handle: 2, elem },
});
const match = (right: unknown) => ({ match: { op: '==', left: { meta: { key: 'l4proto' } }, right } });

it('leaves out handles, counts and the journal, and the order of elements', () => {
  const one = list(
    table,
    set('denials4', ['x']),
    set('own4', ['a', 'b']),
    rule([{ counter: { packets: 1, bytes: 2 } }, match({ set: [6, 17] })]),
  );
  const other = list(
    { table: { name: 'paracle', family: 'inet', handle: 9 } },
    set('denials4', []),
    set('own4', ['b', 'a']),
    rule([{ counter: { packets: 7, bytes: 8 } }, match({ set: [17, 6] })], 77),
  );

  expect(hashRuleset(one)).toBe(hashRuleset(other));
  expect(hashRuleset(one)).toMatch(/^[0-9a-f]{64}$/u);
});

it('takes in the order of rules and of what is in them', () => {
  const hashes = [
    list(table, rule([match(6)]), rule([match(17)])),
    list(table, rule([match(17)]), rule([match(6)])),
    list(table, rule([match(17), match(6)])),
    list(table, rule([match(17)])),
    list(table, rule([match({ packets: 1, set: [17] })])),
    list(table, set('own4', ['a'])),
    list(table, set('own4', [])),
    list(table),
  ].map((output) => hashRuleset(output));

  expect(new Set(hashes).size).toBe(hashes.length);
});

it.each([
  '',
  '{',
  'null',
  '[]',
  '{"nftables": []}',
  '{"nftables": [7]}',
  '{"nftables": [{}]}',
  '{"nftables": [{"table": {}, "set": {}}]}',
  '{"nftables": [{"table": 1}]}',
  list(),
  list(table, table),
  '{"nftables": [{"metainfo": {}}, {"table": {"name": "paracle", "flags": ',
])('refuses what is no listing of one table: %j', (output) => {
  expect(() => hashRuleset(output)).toThrow(expect.objectContaining({ code: 'PARACLE_ISOLATION_RULESET_UNREADABLE' }));
});
