import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitUntil } from '@paracle/test-support';
import { type JournalReading, readJournal } from '../../src/denials/parse-denials.js';
import { compileRuleset, hashRuleset, type NetworkPolicy, parseDenials } from '../../src/index.js';
import { DenialLog } from '../../src/isolator/denial-log.js';
import { readNftObjects } from '../../src/ruleset/read-nft-objects.js';
import { attemptPolicy } from './attempts/attempt.js';
import { labContext } from './support/lab-network.js';
import { NetworkLab } from './support/network-lab.js';

let lab: NetworkLab;
const ruleset = compileRuleset(attemptPolicy, labContext);

beforeAll(async () => {
  lab = await NetworkLab.create(['1.2.3.4']);
});

afterAll(() => lab[Symbol.asyncDispose]());

const readHash = async (): Promise<string> => hashRuleset(await lab.nft(['-j', 'list', 'table', 'inet', 'paracle']));

it('hashes the same policy alike on every load, whatever was refused meanwhile', async () => {
  await lab.load(ruleset);
  const hash = await readHash();

  await lab.attempt({ kind: 'tcp', to: '1.2.3.4', port: 80 });
  expect(await readHash()).toBe(hash);
  await lab.load(ruleset);
  expect(await readHash()).toBe(hash);
  await lab.nft(['delete', 'table', 'inet', 'paracle']);
  await lab.load(ruleset);
  expect(await readHash()).toBe(hash);
});

const first = '$FIRST';
const last = '$LAST';

it.each([
  `insert rule inet paracle output accept`,
  `add rule inet paracle output counter`,
  `insert rule inet paracle input iifname "eth0" accept`,
  `add rule inet paracle refuse accept`,
  `delete rule inet paracle output handle ${first}`,
  `delete rule inet paracle output handle ${last}`,
  `replace rule inet paracle output handle ${first} oifname "eth0" accept`,
  `flush chain inet paracle output`,
  `add chain inet paracle output { policy accept; }`,
  `add chain inet paracle early { type filter hook output priority -500; policy accept; }`,
  `add chain inet paracle nat { type nat hook output priority -100; }`,
  `add element inet paracle named4_port { 8.8.8.8 . 6 . 80 }`,
  `delete element inet paracle blocked4 { 9.9.9.0/24 }`,
  `add element inet paracle internet4_port { 0.0.0.0-255.255.255.255 . 6 . 22 }`,
  `flush set inet paracle special4`,
  `add set inet paracle other { type ipv4_addr; }`,
  `add table inet paracle { flags dormant; }`,
  `delete table inet paracle; add table inet paracle`,
])('sees that somebody did: %s', async (change) => {
  await lab.load(ruleset);
  const hash = await readHash();
  const handles = [
    ...(await lab.nft(['-a', 'list', 'chain', 'inet', 'paracle', 'output'])).matchAll(/ # handle (\d+)$/gmu),
  ];
  const [, firstRule = ''] = handles[2] ?? [];
  const [, lastRule = ''] = handles.at(-1) ?? [];

  await lab.load(change.replace(first, firstRule).replace(last, lastRule));

  expect(await readHash().catch(() => 'unreadable')).not.toBe(hash);
});

it('changes nothing when the kernel refuses a ruleset', async () => {
  await lab.load(ruleset);
  const hash = await readHash();

  await expect(lab.load(ruleset.replace('ct mark set 7', 'ct mark set no'))).rejects.toThrow(/Error/u);

  expect(await readHash()).toBe(hash);
});

it('refuses on when the journal is full, and says that it was', async () => {
  await lab.load(ruleset);
  const names = Array.from(
    { length: 1024 },
    (_value, index) => `5.6.${index >> 8}.${index & 255} . 6 . 443 counter packets 1 bytes 60`,
  );
  await lab.load(`add element inet paracle denials4 { ${names.join(', ')} }`);

  const { isAnswered, packets, error } = await lab.attempt({ kind: 'tcp', to: '1.2.3.4', port: 80 });
  const journal = parseDenials(await lab.nft(['-j', 'list', 'set', 'inet', 'paracle', 'denials4']), {
    policy: attemptPolicy,
    context: labContext,
  });

  expect({ isAnswered, packets, error }).toEqual({ isAnswered: false, packets: [], error: 'ECONNREFUSED' });
  expect(journal.isTruncated).toBe(true);
  expect(journal.denials).toHaveLength(1024);
});

it('counts a refusal anew whose entry the kernel had forgotten since the last reading', async () => {
  await lab.load(ruleset);
  await lab.load('add element inet paracle denials4 { 1.2.3.4 . 6 . 80 counter packets 1 bytes 60 timeout 1s }');
  const read = async (): Promise<JournalReading> => {
    const listing = await lab.nft(['-j', 'list', 'set', 'inet', 'paracle', 'denials4']);
    return readJournal(readNftObjects(listing), () => ({ reason: 'internet' }));
  };
  const log = new DenialLog();
  log.update(await read());
  await waitUntil('it is forgotten', async () => (await read()).entries.length === 0);

  await lab.attempt({ kind: 'tcp', to: '1.2.3.4', port: 80 });
  log.update(await read());

  expect(log.list()).toMatchObject({ denials: [{ address: '1.2.3.4', port: 80, count: 2 }], isTruncated: false });
});

it('loads lists of 5,000 overlapping ranges, with and without ports', async () => {
  const cidrs = Array.from({ length: 2500 }, (_value, index) => `11.${index >> 8}.${index & 255}.0`).flatMap(
    (start) => [`${start}/24`, `${start}/25`],
  );
  const policy: NetworkPolicy = { blockedIps: cidrs, allowedIps: cidrs.map((cidr) => ({ cidr, ports: [443] })) };

  await lab.load(compileRuleset(policy, labContext));

  expect(await lab.nft(['get', 'element', 'inet', 'paracle', 'blocked4', '{ 11.9.195.77 }'])).toContain('11.9');
});
