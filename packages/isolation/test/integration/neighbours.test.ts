import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { compileRuleset, type NetworkPolicy } from '../../src/index.js';
import type { Act } from './attempts/attempt.js';
import { labContext, NEIGHBOUR } from './support/lab-network.js';
import { NetworkLab } from './support/network-lab.js';

let lab: NetworkLab;
const inbound = (from: string, kind: Act['kind'] = 'tcp'): Act => ({ kind, from, to: '198.18.7.2', port: 9000 });
const load = (policy: NetworkPolicy): Promise<string> => lab.load(compileRuleset(policy, labContext));

beforeAll(async () => {
  lab = await NetworkLab.create(['1.2.3.4']);
  await lab.serve({ address: '198.18.7.2', ports: [9000] });
});

afterAll(() => lab[Symbol.asyncDispose]());

it('finds the gateway by IPv6 from the first packet on', async () => {
  await load({ hostAccess: [443] });

  expect(await lab.attempt({ kind: 'tcp', to: 'fd77::1', port: 443 })).toMatchObject({ isAnswered: true });
});

it.each(['tcp', 'udp'] as const)('opens the own subnet by %s in both directions where asked for', async (kind) => {
  await load({ allowIntraNetwork: true });

  expect(await lab.attempt({ kind, to: NEIGHBOUR, port: 443 })).toMatchObject({ isAnswered: true });
  expect(await lab.attempt(inbound(NEIGHBOUR, kind), { isInbound: true })).toMatchObject({
    isAnswered: true,
  });
});

it('opens no other protocol than TCP and UDP to neighbours, or for them', async () => {
  await load({ allowIntraNetwork: true });

  for (const act of [
    { kind: 'ping', to: NEIGHBOUR },
    { kind: 'raw', to: NEIGHBOUR, protocol: 132 },
  ] as const) {
    expect(await lab.attempt(act, { as: 'raw' })).toMatchObject({ packets: [] });
  }
  const ping = { kind: 'ping', to: '198.18.7.2', from: NEIGHBOUR } as const;
  expect(await lab.attempt(ping, { as: 'raw', isInbound: true })).toMatchObject({ isAnswered: false });
  await lab.unload();
  expect(await lab.attempt(ping, { as: 'raw', isInbound: true })).toMatchObject({ isAnswered: true });
});

it('does not take the gateway or the internet for a neighbour', async () => {
  await load({ allowIntraNetwork: true });

  for (const from of ['198.18.7.1', '1.2.3.4']) {
    expect(await lab.attempt(inbound(from, 'udp'), { isInbound: true })).toMatchObject({ isHeard: false });
  }
  expect(await lab.attempt({ kind: 'tcp', to: '198.18.7.1', port: 443 })).toMatchObject({
    isAnswered: false,
  });
});

it('keeps a blocked neighbour out in both directions', async () => {
  await load({ allowIntraNetwork: true, blockedIps: [NEIGHBOUR] });

  expect(await lab.attempt({ kind: 'tcp', to: NEIGHBOUR, port: 443 })).toMatchObject({
    isAnswered: false,
    packets: [],
  });
  expect(await lab.attempt(inbound(NEIGHBOUR, 'udp'), { isInbound: true })).toMatchObject({ isHeard: false });
});

it('forwards nothing for others', async () => {
  const act: Act = { kind: 'udp', to: '7.7.7.7', port: 443, oneWay: true };
  await lab.routeThroughSandbox(act.to);
  const send = async (): Promise<readonly string[]> =>
    (await lab.attempt(act, { isInbound: true })).packets.map(({ to }) => to);
  await lab.unload();
  expect(await send()).toContain(act.to);

  await load({ allowInternet: true, allowedPorts: ['443/udp'], allowIntraNetwork: true });

  expect(await send()).toEqual([]);
});

it('has no IPv6 at all on a network without it', async () => {
  const act: Act = { kind: 'tcp', to: 'fd77::1', port: 443 };
  await lab.unload();
  expect(await lab.attempt(act)).toMatchObject({ isAnswered: true });

  const policy: NetworkPolicy = { allowInternet: true, allowIntraNetwork: true, allowedIps: ['fd77::1'] };
  await lab.load(compileRuleset(policy, { ...labContext, subnets: ['198.18.7.0/28'], addresses: ['198.18.7.2'] }));

  expect(await lab.attempt(act)).toMatchObject({ isAnswered: false, packets: [] });
});

it('can’t hold back packet sockets, which is why NET_RAW is never granted', async () => {
  await load({});

  const { packets } = await lab.attempt(
    { kind: 'frame', from: '198.18.7.2', to: '255.255.255.255', port: 443 },
    { as: 'raw' },
  );

  expect(packets).toEqual([{ from: '198.18.7.2', to: '255.255.255.255', protocol: 17 }]);
});

it('can’t be changed without NET_ADMIN', async () => {
  await load({});

  await expect(lab.nft(['flush', 'ruleset'], { as: 'raw' })).rejects.toThrow(/not permitted/u);
});
