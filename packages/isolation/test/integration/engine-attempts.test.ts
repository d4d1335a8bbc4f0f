import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isolationErrorCodes, type NetworkPolicy } from '../../src/index.js';
import { type Act, attemptPolicy } from './attempts/attempt.js';
import { formatAttemptsTable, readAttemptsTable } from './engine-attempts/attempts-table.js';
import { attemptClasses, type Outcome, PLACEHOLDERS } from './engine-attempts/engine-attempt.js';
import { didArrive, expectedReason, hasEffect, isConnection } from './engine-attempts/judge.js';
import { ownAttempts } from './engine-attempts/own-attempts.js';
import { reusedAttempts } from './engine-attempts/reused-attempts.js';
import { SecondNetwork } from './engine-attempts/second-network.js';
import { Sprayer } from './engine-attempts/sprayer.js';
import { EngineLab } from './support/engine-lab.js';

const attempts = [...reusedAttempts, ...ownAttempts].map((attempt) => ({
  ...attempt,
  name: `${attemptClasses[attempt.class]}: ${attempt.title}`,
}));
const outcomes: Outcome[] = [];
let making: Promise<EngineLab> | undefined;
let lab: EngineLab;

const destinationOf = ({ act, journaledAddress = act.to }: (typeof attempts)[number]): string =>
  lab.resolve(journaledAddress).replace(/%.*$/u, '');

beforeAll(async () => {
  making = EngineLab.create();
  lab = await making;
});

// One that is made only after the hook was given up is removed too; one that fails has removed itself.
afterAll(async () => {
  const made = await making?.catch(() => undefined);
  await made?.[Symbol.asyncDispose]();
});

const open: Act = { kind: 'tcp', to: '1.2.3.4', port: 443 };
const opened: readonly Act[] = [open, { ...open, kind: 'udp' }, { kind: 'tcp', to: '10.2.3.4', port: 80 }];

describe('attempts by processes without rights', () => {
  it.each(attempts)('get through without the policy alone: $name', async (attempt) => {
    const without = await lab.attempt(attempt, 'without');
    const under = await lab.attempt(attempt, 'with');
    const isThroughWithout = didArrive(attempt, destinationOf(attempt), without);
    const isThroughWith = hasEffect(attempt, under);
    outcomes.push({ class: attempt.class, isThroughWithout, isThroughWith });

    expect({ ...without, isThrough: isThroughWithout }).toEqual({ ...without, isThrough: true });
    expect({ ...under, isThrough: isThroughWith }).toEqual({ ...under, isThrough: false });
    if (!isConnection(attempt)) return;
    expect(under.error).toBe('ECONNREFUSED');
    expect(under.durationMs).toBeLessThan(1000);
  });

  it.each(opened)('get through where the policy opens $kind to $to', async (act) => {
    expect(await lab.attempt({ title: 'open', class: 'internet', act }, 'with')).toMatchObject({ isAnswered: true });
  });

  it('leave the policy in force, and are in the journal with the reason', async () => {
    const id = lab.places.with.container.id;
    await lab.site.isolator.verify(id);
    const { denials } = await lab.site.isolator.getDenials(id);
    const expected = attempts.flatMap((attempt) => {
      const reason = expectedReason(attempt);
      return reason === undefined ? [] : [{ address: destinationOf(attempt), reason }];
    });

    expect(denials.map(({ address, reason }) => ({ address, reason }))).toEqual(expect.arrayContaining(expected));
    expect(expected.length).toBeGreaterThan(60);
  });
});

describe('connections that live on', () => {
  const changes: Readonly<Record<string, NetworkPolicy>> = {
    'closes them': {},
    'allows them still': attemptPolicy,
    'allows more': { ...attemptPolicy, allowedPorts: [80, 443, '80/udp', '443/udp'] },
  };
  const cases = Object.entries(changes).flatMap(([title, policy]) =>
    (['tcp', 'udp'] as const).map((kind) => ({ title, policy, kind })),
  );

  it.each(cases)('are cut by a change of policy that $title, by $kind', async ({ policy, kind }) => {
    const sessions = await lab.sessions({ ...open, kind });
    const ask = async (line: string): Promise<readonly unknown[]> =>
      Promise.all(sessions.map(async (session) => (await session.ask(line)).isAnswered));
    expect(await ask('before')).toEqual([true, true]);

    await lab.site.isolator.updatePolicy(lab.network.id, policy);
    const [isThroughWithout, isThroughWith] = await ask('after');

    expectStopped('live', isThroughWithout === true, isThroughWith === true);
    await lab.site.isolator.updatePolicy(lab.network.id, attemptPolicy);
  });

  it('are those of the new policy in a container that is attached while it changes', async () => {
    const { isolator } = lab.site;
    const container = await lab.site.container('sandboxed');
    const attaching = isolator.attachContainer(container.id, lab.network.id);
    while ((await container.addressOn(lab.network.id)) === '') await lab.site.engine.system.ping();
    await isolator.updatePolicy(lab.network.id, {});

    const { generation, policyHash } = await attaching;

    const known = await isolator.verify(lab.places.with.container.id);
    expect(await isolator.verify(container.id)).toMatchObject({ generation, policyHash });
    expect({ generation, policyHash }).toEqual({ generation: known.generation, policyHash: known.policyHash });
    await isolator.detachContainer(container.id);
    await isolator.updatePolicy(lab.network.id, attemptPolicy);
  });

  it('let nothing more in once they are cut', async () => {
    const sessions = await lab.sessions({ ...open, kind: 'udp', sourcePort: 4567 });
    for (const session of sessions) expect(await session.ask('before')).toEqual({ isAnswered: true });

    await lab.site.isolator.updatePolicy(lab.network.id, attemptPolicy);
    for (const session of sessions) session.say('listen');
    for (const { address } of [lab.places.without, lab.places.with]) {
      const act: Act = { kind: 'udp', from: open.to, sourcePort: 443, to: address, port: 4567, oneWay: true };
      await lab.peer.attempter.ask(JSON.stringify(act));
    }
    const [without, under] = await Promise.all(sessions.map(async (session) => session.next()));

    expectStopped('live', without?.isAnswered === true, under?.isAnswered === true);
  });
});

describe('a process that sends all the time', () => {
  const act: Act = { kind: 'spray', to: PLACEHOLDERS.neighbour, port: 443 };
  let under: Sprayer;

  it('reaches nobody while its container is attached', async () => {
    under = await Sprayer.start(lab, act);
    const plain = await Sprayer.start(lab, act);
    await plain.container.join(lab.network.id);
    const isThroughWithout = await plain.isSeen();
    await plain.container[Symbol.asyncDispose]();
    // Somebody else may get its address.
    await lab.peer.server.drain();

    await lab.site.isolator.attachContainer(under.container.id, lab.network.id);

    expectStopped('race', isThroughWithout, await under.wasSeen());
    const { denials } = await lab.site.isolator.getDenials(under.container.id);
    expect(denials).toEqual([expect.objectContaining({ address: lab.peer.address, reason: 'neighbour' })]);
  });

  it('reaches nobody while policies change', async () => {
    const plain = await Sprayer.start(lab, act);
    await plain.container.join(lab.network.id);
    expect(await plain.isSeen()).toBe(true);
    const refusedBefore = await countRefused(under);

    // During each change the one must be heard, and the other must not.
    const seen: (readonly boolean[])[] = [];
    for (const policy of [{}, attemptPolicy, {}, attemptPolicy]) {
      await lab.site.isolator.updatePolicy(lab.network.id, policy);
      seen.push(await Sprayer.whichSeen(lab, [plain, under]));
    }

    expectStopped(
      'race',
      seen.every(([isPlainSeen]) => isPlainSeen === true),
      seen.some(([, isUnderSeen]) => isUnderSeen === true),
    );
    expect(await countRefused(under)).toBeGreaterThan(refusedBefore);
    for (const { container } of [plain, under]) await container[Symbol.asyncDispose]();
  });
});

describe('a second network that somebody connects by hand', () => {
  let second: SecondNetwork;

  beforeAll(async () => {
    second = await SecondNetwork.connect(lab);
  });

  it.each(SecondNetwork.attempts)('lets nothing through: $title', async (attempt) => {
    const isThroughWithout = await second.attempt(attempt, 'without');
    expectStopped('second', isThroughWithout, await second.attempt(attempt, 'with'));
  });

  it.each(['verified', 'updated'] as const)(
    'opens no way to the host by its gateway once rules are %s',
    async (how) => {
      const { isolator } = lab.site;
      const { with: under } = lab.places;
      if (how === 'verified') await isolator.verify(under.container.id);
      else await isolator.updatePolicy(lab.network.id, attemptPolicy);

      const attempt = { title: 'a later gateway', class: 'host', act: second.toHost } as const;
      const { isAnswered } = await lab.attempt(attempt, 'without');
      expectStopped('host', isAnswered, (await lab.attempt(attempt, 'with')).isAnswered);
    },
  );

  it('is drift: the network is taken away, and the rules stay', async () => {
    const { container } = second.places.with;

    await expect(lab.site.isolator.verify(container.id)).rejects.toMatchObject({ code: isolationErrorCodes.drift });

    expect(await container.addressOn(lab.network.id)).toBe('');
    for (const attempt of SecondNetwork.attempts) expect(await second.attempt(attempt, 'with')).toBe(false);
  });
});

it('says in the README what was tried', async () => {
  const table = formatAttemptsTable(outcomes);
  expect(await readAttemptsTable(table)).toBe(table);
});

/** It did send: what it sent was refused. */
async function countRefused({ container }: Sprayer): Promise<number> {
  const { denials } = await lab.site.isolator.getDenials(container.id);
  return denials.reduce((sum, { count }) => sum + count, 0);
}

function expectStopped(name: Outcome['class'], isThroughWithout: boolean, isThroughWith: boolean): void {
  outcomes.push({ class: name, isThroughWithout, isThroughWith });
  expect({ isThroughWithout, isThroughWith }).toEqual({ isThroughWithout: true, isThroughWith: false });
}
