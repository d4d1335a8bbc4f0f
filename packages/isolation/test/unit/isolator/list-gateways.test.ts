import { expect, it } from '@jest/globals';
import { parseNetworkPolicy } from '../../../src/config/network-policy.js';
import { listOpenGateways } from '../../../src/isolator/list-gateways.js';

const bridge = (subnet: string, gateway?: string): Parameters<typeof listOpenGateways>[0][number] => ({
  driver: 'bridge',
  subnets: [{ subnet, ...(gateway !== undefined && { gateway }) }],
});
const list = (networks: Parameters<typeof listOpenGateways>[0], policy: object): readonly string[] =>
  listOpenGateways(networks, parseNetworkPolicy(policy));

it('lists gateways in ranges that the policy opens', () => {
  const networks = [bridge('10.2.1.0/24', '10.2.1.254'), bridge('10.3.1.0/24', '10.3.1.254')];

  expect(list(networks, { allowedIps: ['10.2.0.0/16'] })).toEqual(['10.2.1.254']);
});

it('takes the first address where the engine names no gateway', () => {
  expect(list([bridge('10.2.1.0/24')], { allowedIps: ['10.2.0.0/16'] })).toEqual(['10.2.1.1']);
});

it('lists gateways among the addresses of the internet where that is open', () => {
  const networks = [bridge('11.0.0.0/24', '11.0.0.1'), bridge('172.18.0.0/16', '172.18.0.1')];

  expect(list(networks, { allowInternet: true })).toEqual(['11.0.0.1']);
  expect(list(networks, {})).toEqual([]);
});

it('leaves out what is not the host, and what is no address', () => {
  const networks = [
    { ...bridge('10.2.1.0/24', '10.2.1.1'), driver: 'macvlan' },
    bridge('10.2.1.0/24', 'nobody'),
    bridge('nowhere'),
  ];

  expect(list(networks, { allowedIps: ['10.2.0.0/16'] })).toEqual([]);
});
