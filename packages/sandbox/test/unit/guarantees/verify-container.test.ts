import { expect, it } from '@jest/globals';
import type { ContainerDescription } from '@paracle/core';
import { verifyContainer } from '../../../src/guarantees/verify-container.js';

const verify = (hostConfig: unknown): string[] =>
  verifyContainer({ hostConfig, config: { User: '0:0' } } as ContainerDescription, {
    hostConfig: { Memory: 1024, CapDrop: ['ALL'], Tmpfs: { '/a': 'x', '/b': 'y' } },
    config: { User: '0:0' },
  });

const asAsked = { Memory: 1024, CapDrop: ['ALL'], Tmpfs: { '/b': 'y', '/a': 'x' } };

it('finds nothing where all is as it was asked for, in whatever order and spelling', () => {
  const empty = { Privileged: false, Binds: null, Devices: [], Sysctls: {}, PidMode: '', OomKillDisable: false };
  expect(verify({ ...asAsked, ...empty, CapDrop: ['CAP_ALL'] })).toEqual([]);
});

it.each([
  ['Privileged', true],
  ['Binds', ['/:/host']],
  ['VolumesFrom', ['other']],
  ['Devices', [{ PathOnHost: '/dev/sda' }]],
  ['DeviceCgroupRules', ['a *:* rwm']],
  ['DeviceRequests', [{ Driver: 'nvidia' }]],
  ['GroupAdd', ['0']],
  ['Sysctls', { 'net.ipv4.ip_forward': '1' }],
  ['OomKillDisable', true],
  ['PidMode', 'host'],
  ['UTSMode', 'host'],
  ['UsernsMode', 'host'],
  ['CgroupParent', '/other'],
])('finds %s, which nobody asked for', (name, value) => {
  expect(verify({ ...asAsked, [name]: value })).toEqual([
    `${name} is ${JSON.stringify(value)}, though it was not asked for`,
  ]);
});

it('finds what is missing or different', () => {
  expect(verify({ ...asAsked, Memory: 2048, CapDrop: undefined })).toEqual([
    'expected HostConfig.Memory 1024, found 2048',
    'expected HostConfig.CapDrop ["ALL"], found undefined',
  ]);
  expect(verify(undefined)).toHaveLength(3);
});
