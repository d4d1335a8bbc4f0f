import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileRuleset, type Denial, parseDenials } from '../../src/index.js';
import { type Attempt, attemptPolicy } from './attempts/attempt.js';
import { attemptAddresses, destinationAttempts } from './attempts/destinations.js';
import { formAttempts } from './attempts/forms.js';
import { labContext } from './support/lab-network.js';
import { NetworkLab } from './support/network-lab.js';

const attempts = [...destinationAttempts, ...formAttempts];
let lab: NetworkLab;
const ruleset = compileRuleset(attemptPolicy, labContext);

beforeAll(async () => {
  lab = await NetworkLab.create([...attemptAddresses, '1.2.3.5']);
  await lab.serve({ address: '198.18.7.2', ports: [9000] });
});

afterAll(() => lab[Symbol.asyncDispose]());

describe('without a policy', () => {
  beforeAll(() => lab.unload());

  it.each(attempts)('lets through $title', async (attempt) => {
    const { isAnswered, packets, isHeard, error } = await lab.attempt(attempt.act, attempt);

    expect({ isAnswered, isHeard, error }).toEqual({ isAnswered: true, isHeard: isForServer(attempt) });
    expect(packets.map(({ to }) => to)).toEqual(expect.arrayContaining(arrivalsOf(attempt)));
  });
});

describe('under the policy', () => {
  it.each(attempts.filter(({ isAllowed }) => isAllowed === true))('lets through $title', async ({ act }) => {
    await lab.load(ruleset);

    expect(await lab.attempt(act)).toMatchObject({ isAnswered: true });
    expect(await readJournal()).toEqual([]);
  });

  it.each(attempts.filter(({ isAllowed }) => isAllowed !== true))('stops $title', async (attempt) => {
    await lab.load(ruleset);

    const { isAnswered, packets, isHeard } = await lab.attempt(attempt.act, attempt);

    expect({ isAnswered: isAnswered && isTwoWay(attempt), packets, isHeard }).toEqual({
      isAnswered: false,
      packets: [],
      isHeard: false,
    });
    const journal = (await readJournal()).map(({ address, reason }) => ({ address, reason }));
    expect(journal).toEqual(expect.arrayContaining(entriesOf(attempt)));
  });
});

async function readJournal(): Promise<readonly Denial[]> {
  const output = await lab.nft(['-j', 'list', 'table', 'inet', 'paracle']);
  return parseDenials(output, { policy: attemptPolicy, context: labContext }).denials;
}

/** Inbound attempts are seen by their answers alone. */
function arrivalsOf(attempt: Attempt): string[] {
  return attempt.isInbound === true ? [] : [destinationOf(attempt)];
}

function entriesOf(attempt: Attempt): Pick<Denial, 'address' | 'reason'>[] {
  return attempt.reason === undefined ? [] : [{ address: destinationOf(attempt), reason: attempt.reason }];
}

/** As the kernel has it, whatever the spelling. */
function destinationOf({ act, journaledAddress = act.to }: Attempt): string {
  return journaledAddress.replace(/%.*$/u, '');
}

/** What is only sent has no answer: the packets that arrived, or did not, are the proof. */
function isTwoWay({ act }: Attempt): boolean {
  return act.oneWay !== true && ['tcp', 'udp', 'ping'].includes(act.kind);
}

/** Pings are answered by the kernel. */
function isForServer({ act, isInbound = false }: Attempt): boolean {
  return isInbound && act.kind !== 'ping';
}
