import { expect, it } from '@jest/globals';
import type { ContainerDescription } from '@paracle/core';
import { checkContainer, listMemberships } from '../../../src/guard/check-container.js';

const hostConfig = {
  NetworkMode: 'none',
  CapAdd: ['CHOWN'],
  CapDrop: ['ALL'],
  Runtime: 'runc',
  RestartPolicy: { Name: 'no' },
};

interface Seen {
  readonly host?: object;
  readonly status?: string;
  readonly networks?: object;
  readonly mounts?: readonly string[];
}

const ALL_VOIDING = [
  ...[
    'NET_RAW',
    'NET_ADMIN',
    'SYS_ADMIN',
    'SYS_MODULE',
    'SYS_PTRACE',
    'SYS_RAWIO',
    'DAC_READ_SEARCH',
    'BPF',
    'PERFMON',
  ],
];

function describeContainer({
  host,
  status = 'running',
  networks = { none: {} },
  mounts = [],
}: Seen): ContainerDescription {
  return {
    id: 'a'.repeat(64),
    name: 'c',
    imageId: 'sha256:0',
    createdAt: '',
    state: { status, isRunning: status === 'running', isPaused: false, isOomKilled: false },
    labels: {},
    mounts: mounts.map((source) => ({ type: 'bind', source, destination: '/mounted', isWritable: true })),
    config: {},
    hostConfig: { ...hostConfig, ...host },
    networkSettings: { Networks: networks },
  };
}

it.each<Seen>([
  {},
  { networks: {} },
  { host: { CapAdd: null, CapDrop: ['CAP_NET_RAW'] } },
  { host: { CapAdd: ['ALL'], CapDrop: ALL_VOIDING } },
  { host: { RestartPolicy: { Name: '' } } },
  { host: { RestartPolicy: undefined, Runtime: undefined } },
])('takes a container that rules hold for: %j', (seen) => {
  expect(() => checkContainer(describeContainer(seen))).not.toThrow();
});

it.each<{ seen: Seen; says: RegExp }>([
  { seen: { status: 'exited' }, says: /it is exited/u },
  { seen: { host: { Privileged: true } }, says: /privileged/u },
  { seen: { host: { CapAdd: null, CapDrop: null } }, says: /NET_RAW/u },
  { seen: { host: { CapAdd: ['cap_net_admin'] } }, says: /NET_ADMIN/u },
  { seen: { host: { CapAdd: ['ALL'] } }, says: /NET_RAW, NET_ADMIN, SYS_ADMIN, SYS_MODULE, SYS_PTRACE/u },
  { seen: { host: { PidMode: 'host' } }, says: /processes of host/u },
  { seen: { mounts: ['/run/docker.sock'] }, says: /engine's socket/u },
  { seen: { host: { Runtime: 'runsc' } }, says: /runsc/u },
  { seen: { host: { RestartPolicy: { Name: 'always' } } }, says: /always/u },
  { seen: { host: { NetworkMode: 'host' } }, says: /that of host/u },
  { seen: { host: { NetworkMode: 'container:b' } }, says: /that of container:b/u },
  { seen: { networks: { bridge: { NetworkID: 'b', IPAddress: '172.17.0.2' } } }, says: /on bridge already/u },
])('refuses one that they would not hold for: $says', ({ seen, says }) => {
  expect(() => checkContainer(describeContainer(seen))).toThrow(
    expect.objectContaining({ code: 'PARACLE_ISOLATION_UNENFORCEABLE', message: expect.stringMatching(says) }),
  );
});

it('lists where a container is connected', () => {
  const networks = { none: {}, web: { NetworkID: 'w', IPAddress: '10.0.0.2' } };
  expect(listMemberships(describeContainer({ networks }))).toEqual([
    { name: 'none', networkId: '', address: '' },
    { name: 'web', networkId: 'w', address: '10.0.0.2' },
  ]);
});
