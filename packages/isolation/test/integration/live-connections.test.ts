import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { compileRuleset, type NetworkPolicy } from '../../src/index.js';
import type { Act } from './attempts/attempt.js';
import { labContext } from './support/lab-network.js';
import { NetworkLab } from './support/network-lab.js';

const TARGET = { to: '1.2.3.4', port: 443 };
const kinds = ['tcp', 'udp'] as const;
let lab: NetworkLab;

const open: NetworkPolicy = { allowInternet: true, allowedPorts: [443, '443/udp'] };
const load = (policy: NetworkPolicy, generation: number): Promise<string> =>
  lab.load(compileRuleset(policy, { ...labContext, generation }));

beforeAll(async () => {
  lab = await NetworkLab.create(['1.2.3.4']);
});

afterAll(() => lab[Symbol.asyncDispose]());

it.each(kinds)('keeps a live connection by %s when the same policy is loaded again', async (kind) => {
  await load(open, 1);
  const session = await lab.session({ kind, ...TARGET });
  expect(await session.ask('before')).toEqual({ isAnswered: true });

  await load(open, 1);

  expect(await session.ask('after')).toEqual({ isAnswered: true });
});

it.each(kinds)('cuts a live connection by %s at once when the policy changes', async (kind) => {
  await load(open, 1);
  const session = await lab.session({ kind, ...TARGET });
  expect(await session.ask('before')).toEqual({ isAnswered: true });

  await load({}, 2);

  expect(await session.ask('after')).toMatchObject({ isAnswered: false });
});

it.each(kinds)('cuts a live connection by %s even where the new policy would allow another', async (kind) => {
  await load(open, 1);
  const session = await lab.session({ kind, ...TARGET });
  expect(await session.ask('before')).toEqual({ isAnswered: true });

  await load(open, 2);

  expect(await session.ask('after')).toMatchObject({ isAnswered: false });
  expect(await lab.attempt({ kind, ...TARGET })).toMatchObject({ isAnswered: true });
});

it.each(kinds)('cuts a connection by %s that was there before any rules', async (kind) => {
  await lab.unload();
  const session = await lab.session({ kind, ...TARGET });
  expect(await session.ask('before')).toEqual({ isAnswered: true });

  await load({}, 1);

  expect(await session.ask('after')).toMatchObject({ isAnswered: false });
});

it('lets nothing more in over a connection that a change cut', async () => {
  await load(open, 1);
  const session = await lab.session({ kind: 'udp', ...TARGET, sourcePort: 4567 });
  await session.ask('before');
  const hear = async (): Promise<boolean | undefined> => {
    session.say('listen');
    const act: Act = {
      kind: 'udp',
      from: TARGET.to,
      sourcePort: TARGET.port,
      to: '198.18.7.2',
      port: 4567,
      oneWay: true,
    };
    await lab.attempt(act, { as: 'raw', isInbound: true });
    return (await session.next()).isAnswered;
  };
  expect(await hear()).toBe(true);

  await load(open, 2);

  expect(await hear()).toBe(false);
});

it('hears the errors of its own connections', async () => {
  await load({ allowInternet: true, allowedPorts: ['9/udp'] }, 3);
  const session = await lab.session({ kind: 'udp', to: TARGET.to, port: 9 });

  expect(await session.ask('to nobody')).toEqual({ isAnswered: false, error: 'ECONNREFUSED' });
});
