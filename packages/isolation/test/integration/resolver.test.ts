import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { compileRuleset, type NetworkPolicy, parseDenials } from '../../src/index.js';
import type { Act } from './attempts/attempt.js';
import { labContext } from './support/lab-network.js';
import { NetworkLab } from './support/network-lab.js';

const RESOLVER = '127.0.0.11';
const kinds = ['udp', 'tcp'] as const;
const ask = (kind: 'udp' | 'tcp'): Act => ({ kind, to: RESOLVER, port: 53 });
let lab: NetworkLab;
let realPort = 0;

beforeAll(async () => {
  lab = await NetworkLab.create([]);
  // As the engine does it: the resolver listens on a port that the kernel chose, and NAT in a table of its own leads there.
  const [tcp = 0, udp = 0] = await lab.serve({ address: RESOLVER, ports: [0] });
  realPort = udp;
  const rules = [`tcp dport 53 dnat to ${RESOLVER}:${tcp}`, `udp dport 53 dnat to ${RESOLVER}:${udp}`].map(
    (rule) => `ip daddr ${RESOLVER} ${rule}`,
  );
  await lab.load(`table ip nat {\nchain output {\ntype nat hook output priority -100;\n${rules.join('\n')}\n}\n}`);
});

beforeEach(() => lab.unload());

afterAll(() => lab[Symbol.asyncDispose]());

const load = (policy: NetworkPolicy): Promise<string> => lab.load(compileRuleset(policy, labContext));

it.each(kinds)('closes the resolver by %s, and opens it by name', async (kind) => {
  expect(await lab.attempt(ask(kind))).toMatchObject({ isAnswered: true });

  await load({ allowInternet: true });
  expect(await lab.attempt(ask(kind))).toMatchObject({ isAnswered: false });

  await load({ dns: 'engine' });
  expect(await lab.attempt(ask(kind))).toMatchObject({ isAnswered: true });
});

it('closes the port that the resolver really listens on', async () => {
  const act: Act = { kind: 'udp', to: RESOLVER, port: realPort };
  expect(await lab.attempt(act)).toMatchObject({ isAnswered: true });

  await load({});

  expect(await lab.attempt(act)).toMatchObject({ isAnswered: false });
});

it('says in the journal what would open it, by the port that was asked and not the random one behind it', async () => {
  await load({});
  await lab.attempt(ask('udp'));

  const output = await lab.nft(['-j', 'list', 'set', 'inet', 'paracle', 'denials4']);

  expect(parseDenials(output, { policy: {}, context: labContext }).denials).toEqual([
    { address: RESOLVER, protocol: 'udp', port: 53, count: 1, reason: 'dns', suggestion: { dns: 'engine' } },
  ]);
});

it('leaves the rest of the loopback and the tables of others alone', async () => {
  await lab.serve({ address: '127.0.0.1', ports: [9000] });
  const before = await lab.nft(['list', 'table', 'ip', 'nat']);

  await load({});

  expect(await lab.attempt({ kind: 'tcp', to: '127.0.0.1', port: 9000 })).toMatchObject({
    isAnswered: true,
  });
  expect(await lab.nft(['list', 'table', 'ip', 'nat'])).toBe(before);
});
