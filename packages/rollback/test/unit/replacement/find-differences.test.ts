import { expect, it } from '@jest/globals';
import type { ContainerDescription } from '@paracle/core';
import { identityOf } from '../../../src/replacement/container-identity.js';
import { findDifferences } from '../../../src/replacement/find-differences.js';

const OLD_ID = 'a'.repeat(64);
const NEW_ID = 'b'.repeat(64);
const NETWORK_ID = 'c'.repeat(64);

interface Parts {
  readonly id?: string;
  readonly config?: object;
  readonly hostConfig?: object;
  readonly networks?: object;
  readonly mounts?: ContainerDescription['mounts'];
}

function container({ id = OLD_ID, config, hostConfig, networks, mounts = [] }: Parts = {}): ContainerDescription {
  const state = { status: 'running', isRunning: true, isPaused: false, isOomKilled: false };
  return {
    ...{ id, name: 'web', imageId: 'sha256:0', createdAt: '', state, labels: {}, mounts },
    config: { Image: 'one', Cmd: ['sleep'], Env: null, Volumes: {}, ...config },
    hostConfig: { NetworkMode: 'net', Memory: 0, Binds: null, ...hostConfig },
    networkSettings: { Networks: networks ?? { net: endpoint({ Aliases: ['front', id.slice(0, 12)] }) } },
  };
}

function endpoint(rest: object = {}): object {
  return {
    NetworkID: NETWORK_ID,
    IPAddress: '10.0.0.2',
    MacAddress: '02:42',
    Aliases: null,
    IPAMConfig: null,
    ...rest,
  };
}

it('takes what is empty for what is absent, and another image and an address that was fixed for no difference', () => {
  const networks = {
    net: endpoint({ Aliases: ['front', NEW_ID.slice(0, 12)], IPAMConfig: { IPv4Address: '10.0.0.2' } }),
  };
  const other = container({
    id: NEW_ID,
    config: { Image: 'two', Env: [], Volumes: null },
    hostConfig: { Memory: null },
    networks,
  });
  expect(findDifferences(container(), other, [])).toEqual([]);
});

it.each([
  ['Config.Cmd', { config: { Cmd: ['sleep', '1'] } }],
  ['Config.User', { config: { User: 'root' } }],
  ['HostConfig.Memory', { hostConfig: { Memory: 1 } }],
  ['HostConfig.Links', { hostConfig: { Links: ['/db:/web/database'] } }],
  ['HostConfig.NetworkMode', { hostConfig: { NetworkMode: 'host' } }],
  ['Networks.net', { networks: { net: endpoint({ Aliases: ['back'] }) } }],
  ['Networks.net', { networks: {} }],
  ['Networks.more', { networks: { net: endpoint({ Aliases: ['front'] }), more: endpoint() } }],
  ['Mounts./data', { mounts: [{ type: 'volume', name: 'v', destination: '/data', isWritable: true }] }],
])('names %s', (name, parts) => {
  expect(findDifferences(container(), container({ id: NEW_ID, ...parts }), [])).toEqual([name]);
});

it('does not let a fixed address be another', () => {
  const at = (address: string): ContainerDescription =>
    container({ networks: { net: endpoint({ IPAMConfig: { IPv4Address: address } }) } });
  expect(findDifferences(at('10.0.0.2'), at('10.0.0.3'), [])).toEqual(['Networks.net']);
});

it('compares links without the name that the container had meanwhile', () => {
  const linked = (name: string): ContainerDescription =>
    container({ hostConfig: { Links: [`/db:/${name}/database`] } });
  expect(findDifferences(linked('web'), linked('web-paracle-replaced'), [])).toEqual([]);
});

it('knows the aliases that the engine adds by itself', () => {
  const hosted = (id: string): ContainerDescription =>
    container({
      id,
      config: { Hostname: OLD_ID.slice(0, 12) },
      networks: { net: endpoint({ Aliases: ['front', OLD_ID.slice(0, 12), id.slice(0, 12)] }) },
    });
  expect(findDifferences(hosted(OLD_ID), hosted(NEW_ID), [])).toEqual([]);
  expect(identityOf(hosted(NEW_ID), []).networks.get('net')?.endpoint).toMatchObject({ Aliases: ['front'] });
});

it('leaves networks that are enforced to the enforcer', () => {
  const bare = container({ id: NEW_ID, hostConfig: { NetworkMode: 'none' }, networks: { none: endpoint() } });
  expect(findDifferences(container(), bare, [NETWORK_ID])).toEqual([]);
  expect(identityOf(container(), [NETWORK_ID])).toMatchObject({
    networkMode: 'none',
    hostConfig: { NetworkMode: 'none' },
  });
});

it('mounts volumes that the engine named by their names, without filling them again', () => {
  const mounts = [
    { type: 'volume', name: 'v1', destination: '/one', isWritable: true },
    { type: 'volume', name: 'v2', destination: '/two', isWritable: false },
    { type: 'volume', name: 'v3', destination: '/three', isWritable: true },
    { type: 'volume', name: 'v4', destination: '/four', isWritable: true },
  ];
  const hostConfig = { Binds: ['v4:/four:z'], Mounts: [{ Type: 'volume', Target: '/three' }] };
  expect(identityOf(container({ hostConfig, mounts }), []).hostConfig).toMatchObject({
    Binds: ['v4:/four:z', 'v1:/one:nocopy', 'v2:/two:ro,nocopy'],
    Mounts: [{ Type: 'volume', Target: '/three', Source: 'v3' }],
  });
});

it.each([
  ['container:x', {}, ['Cmd', 'Env', 'Volumes']],
  ['host', { UTSMode: 'host' }, ['Cmd', 'Domainname', 'Env', 'ExposedPorts', 'Volumes']],
])('leaves out what a container on %s can’t have of its own', (NetworkMode, rest, left) => {
  const config = { Hostname: 'web', Domainname: 'test', ExposedPorts: { '80/tcp': {} } };
  const { config: own } = identityOf(container({ config, hostConfig: { NetworkMode, ...rest }, networks: {} }), []);
  expect(Object.keys(own).sort()).toEqual(left);
});
