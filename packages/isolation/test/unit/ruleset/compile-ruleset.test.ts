import { expect, it } from '@jest/globals';
import { InvalidConfigError, ParacleError } from '@paracle/core';
import { compileRuleset, type NetworkPolicy, type RulesetContext } from '../../../src/index.js';

const context: RulesetContext = {
  subnets: ['198.18.0.0/28'],
  addresses: ['198.18.0.2'],
  gateways: ['198.18.0.1'],
  generation: 3,
};

it('gives the same text for the same policy, in whatever order and spelling', () => {
  const one: NetworkPolicy = {
    allowInternet: true,
    allowedPorts: [443, 80, '53/udp'],
    blockedIps: ['1.1.1.0/25', '1.1.1.128/25', '8.8.8.8'],
    allowedIps: [
      { cidr: '10.1.0.0/16', ports: [1, 2] },
      { cidr: '10.1.128.0/17', ports: [1] },
    ],
  };
  const other: NetworkPolicy = {
    allowInternet: true,
    allowedPorts: ['53/udp', '80/tcp', 443, 443],
    blockedIps: ['8.8.8.8/32', '1.1.1.0/24'],
    allowedIps: [
      { cidr: '10.1.0.0/16', ports: [2] },
      { cidr: '10.1.0.0/16', ports: [1] },
    ],
  };

  expect(compileRuleset(one, context)).toBe(compileRuleset(other, context));
});

it('replaces the table in one transaction, and touches no other', () => {
  const lines = compileRuleset({}, context).split('\n');

  expect(lines.slice(0, 3)).toEqual(['add table inet paracle', 'delete table inet paracle', 'table inet paracle {']);
  expect(lines.filter((line) => line.includes('table '))).toHaveLength(3);
});

it('drops by default in every direction', () => {
  const text = compileRuleset({ allowInternet: true }, context);

  for (const hook of ['input', 'output', 'forward']) {
    expect(text).toContain(`type filter hook ${hook} priority filter; policy drop;`);
  }
});

it('has no set of IPv6 on a network without it', () => {
  expect(compileRuleset({ allowInternet: true, blockedIps: ['2001:db8::1'] }, context)).not.toContain('ip6 daddr @');
});

it.each<[string, unknown]>([
  ['generation', { ...context, generation: 0 }],
  ['generation', { ...context, generation: 2 ** 32 }],
  ['subnets', { ...context, subnets: [] }],
  ['addresses[0]', { ...context, addresses: ['198.18.0.0/28'] }],
  ['gateways[0]', { ...context, gateways: ['1.1.1.1; accept'] }],
  ['hostAddresses', { ...context, hostAdresses: [] }],
])('refuses a wrong %s of the context', (name, wrong) => {
  const compile = (): unknown => Reflect.apply(compileRuleset, undefined, [{}, wrong]);

  expect(compile).toThrow(InvalidConfigError);
  expect(compile).toThrow(name);
});

it('refuses a policy that opens the own subnet and closes all of it', () => {
  const error = catchError(() => compileRuleset({ allowIntraNetwork: true, blockedIps: ['198.18.0.0/15'] }, context));

  expect(error).toMatchObject({ code: 'PARACLE_ISOLATION_POLICY_CONTRADICTION' });
  expect(ParacleError.isInstance(error)).toBe(true);
});

function catchError(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}
