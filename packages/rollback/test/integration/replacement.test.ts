import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, expect, it } from '@jest/globals';
import { type ContainerDescription, Engine } from '@paracle/core';
import { createNetwork, ForeignContainer, snapshotsOf } from './support/foreign-container.js';

const engine = new Engine();
const snapshots = snapshotsOf(engine);

afterAll(() => engine.close());

interface Place {
  readonly Aliases: readonly string[] | null;
  readonly IPAddress: string;
  readonly MacAddress: string;
}

/** Without the aliases that the engine adds by itself. */
function placesOf({ id, config, networkSettings }: ContainerDescription): Record<string, Place> {
  const { Hostname } = config as { readonly Hostname: string };
  const { Networks } = networkSettings as { readonly Networks: Record<string, Place> };
  const entries = Object.entries(Networks).map(([name, { Aliases, IPAddress, MacAddress }]): [string, Place] => [
    name,
    {
      Aliases: (Aliases ?? []).filter((alias) => alias !== id.slice(0, 12) && alias !== Hostname),
      IPAddress,
      MacAddress,
    },
  ]);
  return Object.fromEntries(entries.sort());
}

/** All that `docker inspect` tells of a container, but for what says which container of its kind it is. */
function identityOf(container: ContainerDescription): object {
  const { Image: _image, ...config } = container.config as Record<string, unknown>;
  const { Binds: _binds, Mounts: _mounts, ...hostConfig } = container.hostConfig as Record<string, unknown>;
  const mounts = [...container.mounts].sort((a, b) => (a.destination < b.destination ? -1 : 1));
  return { config, hostConfig, mounts, name: container.name, labels: container.labels, places: placesOf(container) };
}

function macAddressOf({ config }: ContainerDescription): string | undefined {
  return (config as { readonly MacAddress?: string }).MacAddress;
}

async function findPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? String(address.port) : '';
}

it('keeps everything of a container but its files, its id and the name of its image', async () => {
  await using fixed = await createNetwork(engine, '198.18.201.0/24');
  await using chosen = await createNetwork(engine, '198.18.202.0/24');
  await using pooled = await createNetwork(engine);
  await using peer = await ForeignContainer.start(engine, { HostConfig: { NetworkMode: fixed.name } });
  const volume = `foreign-${randomUUID()}`;
  await using container = await ForeignContainer.create(engine, {
    Entrypoint: ['/usr/bin/env'],
    Cmd: ['sleep', '1000000'],
    Env: ['GREETING=hello world', 'EMPTY='],
    Labels: { 'com.example.service': 'web', 'com.example.number': '1' },
    User: '1000:1000',
    WorkingDir: '/srv',
    Hostname: 'web-1',
    Domainname: 'example.test',
    StopSignal: 'SIGINT',
    StopTimeout: 1,
    Tty: true,
    OpenStdin: true,
    Healthcheck: { Test: ['CMD', 'true'], Interval: 60_000_000_000 },
    Volumes: { '/anonymous': {} },
    ExposedPorts: { '8080/tcp': {} },
    MacAddress: '02:42:c6:12:c9:07',
    HostConfig: {
      NetworkMode: fixed.name,
      Binds: [`${volume}:/named`, '/tmp:/host:ro'],
      Mounts: [{ Type: 'volume', Target: '/mounted', VolumeOptions: { Labels: { 'com.example': 'x' } } }],
      Tmpfs: { '/scratch': 'size=1m' },
      Memory: 67_108_864,
      MemorySwap: 67_108_864,
      NanoCpus: 500_000_000,
      PidsLimit: 50,
      ShmSize: 1_048_576,
      Ulimits: [{ Name: 'nofile', Soft: 512, Hard: 512 }],
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN'],
      SecurityOpt: ['no-new-privileges'],
      Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/other', CgroupPermissions: 'rw' }],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
      PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: await findPort() }] },
      ExtraHosts: ['other:198.18.0.9'],
      Dns: ['198.18.0.53'],
      GroupAdd: ['44'],
      OomScoreAdj: 100,
      Init: true,
      Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' },
    },
    NetworkingConfig: {
      EndpointsConfig: {
        [fixed.name]: {
          IPAMConfig: { IPv4Address: '198.18.201.7' },
          Aliases: ['front'],
          Links: [`${peer.name}:behind`],
        },
      },
    },
  });
  await engine.networks.connect(chosen.name, container.name, { endpoint: { Aliases: ['side'] } });
  await engine.networks.connect(pooled.name, container.name);
  await engine.containers.start(container.name);
  await container.run('echo kept > /anonymous/file; echo kept > /mounted/file; echo old > /state; rm -rf /named/*');
  await engine.containers.update(container.name, { Memory: 134_217_728, MemorySwap: 134_217_728 });
  const before = await container.inspect();
  const snapshotId = await snapshots.createSnapshot(container.name);
  await container.run('echo new > /state; echo new > /added; rm -r /etc/apt; echo kept > /named/file');

  const result = await snapshots.rollback(snapshotId, container.name);

  const after = await container.inspect();
  expect(result).toMatchObject({ snapshotId, containerId: after.id, isDryRun: false, restored: ['/'] });
  expect(after.id).not.toBe(before.id);
  const pooledAddress = { [pooled.name]: expect.anything() };
  expect(identityOf(after)).toEqual({
    ...identityOf(before),
    places: { ...placesOf(before), ...pooledAddress },
  });
  expect(placesOf(after)[fixed.name]).toEqual({
    Aliases: ['front'],
    IPAddress: '198.18.201.7',
    MacAddress: '02:42:c6:12:c9:07',
  });
  expect(
    await container.run('cat /state /anonymous/file /mounted/file /named/file; ls -d /etc/apt; ls /added || true'),
  ).toBe('old\nkept\nkept\nkept\n/etc/apt');
  expect(await container.traces()).toEqual([`${container.name} running`]);
  const [, safety] = await snapshots.list(container.name);
  expect(safety).toMatchObject({ id: result.safetySnapshotId, kind: 'safety', containerId: before.id });
  await snapshots.rollback(result.safetySnapshotId ?? '', container.name);
  expect(await container.run('cat /state')).toBe('new');
  expect(identityOf(await container.inspect())).toMatchObject({ labels: before.labels });
});

it('keeps one that is stopped stopped, one that was never started too, and lets one that is paused run', async () => {
  await using stopped = await ForeignContainer.start(engine);
  await using created = await ForeignContainer.create(engine, { HostConfig: {} });
  await using paused = await ForeignContainer.start(engine);
  await engine.containers.kill(stopped.name, 'SIGKILL');
  await engine.containers.pause(paused.name);
  for (const container of [stopped, created, paused]) {
    await snapshots.rollback(await snapshots.createSnapshot(container.name), container.name);
  }
  expect((await stopped.inspect()).state).toMatchObject({ isRunning: false });
  expect((await created.inspect()).state).toMatchObject({ isRunning: false });
  expect((await paused.inspect()).state).toMatchObject({ isRunning: true, isPaused: false });
});

it('keeps MAC addresses that were chosen, and only these', async () => {
  await using network = await createNetwork(engine);
  const main = '02:42:c6:12:c9:08';
  const other = '02:42:c6:12:c9:09';
  // Older engines don't let each network have one.
  const isEach = Number((await engine.capabilities()).apiVersion.split('.')[1]) >= 44;
  const HostConfig = { NetworkMode: network.name };
  const EndpointsConfig = { [network.name]: {}, ...(isEach && { bridge: { MacAddress: other } }) };
  await using chosen = await ForeignContainer.start(engine, {
    ...{ HostConfig, MacAddress: main },
    NetworkingConfig: { EndpointsConfig },
  });
  await using plain = await ForeignContainer.start(engine, { HostConfig: {} });
  for (const container of [chosen, plain]) {
    const before = await container.inspect();
    const { notRestored } = await snapshots.rollback(await snapshots.createSnapshot(container.name), container.name);
    const after = await container.inspect();
    expect(macAddressOf(after)).toBe(macAddressOf(before));
    expect(notRestored.filter((text) => text.startsWith('MAC'))).toEqual([]);
  }
  const places = placesOf(await chosen.inspect());
  expect(places[network.name]?.MacAddress).toBe(main);
  expect(places['bridge']?.MacAddress).toBe(isEach ? other : undefined);
  expect(macAddressOf(await plain.inspect())).toBeUndefined();
});

it('keeps links of the old kind, and whose they are', async () => {
  await using peer = await ForeignContainer.start(engine, { HostConfig: {} });
  await using container = await ForeignContainer.start(engine, { HostConfig: { Links: [`${peer.name}:database`] } });
  await snapshots.rollback(await snapshots.createSnapshot(container.name), container.name);
  const { hostConfig } = await container.inspect();
  expect(hostConfig).toMatchObject({ Links: [`/${peer.name}:/${container.name}/database`] });
  expect(await container.run('getent hosts database')).not.toBe('');
});

it('keeps a container off a network that it was taken off', async () => {
  await using network = await createNetwork(engine);
  await using container = await ForeignContainer.start(engine, { HostConfig: { NetworkMode: 'bridge' } });
  await engine.networks.disconnect('bridge', container.name);
  await snapshots.rollback(await snapshots.createSnapshot(container.name), container.name);
  expect(placesOf(await container.inspect())).toEqual({});
  await engine.networks.connect(network.name, container.name);
  await snapshots.rollback(await snapshots.createSnapshot(container.name), container.name);
  expect(Object.keys(placesOf(await container.inspect()))).toEqual([network.name]);
});

it('tells of a snapshot what is not part of it', async () => {
  await using container = await ForeignContainer.start(engine, {
    Volumes: { '/data': {} },
    HostConfig: { NetworkMode: 'none', Binds: ['/tmp:/host:ro'], Tmpfs: { '/scratch': '' } },
  });
  await container.run('head -c 300000 /dev/urandom > /file');
  const snapshotId = await snapshots.createSnapshot(container.name);
  const [description] = await snapshots.list(container.name);
  const { id, imageId } = await container.inspect();

  expect(description).toEqual({
    id: snapshotId,
    containerId: id,
    imageId,
    createdAt: expect.any(Date),
    kind: 'requested',
    addedBytes: 300_000,
    covered: ['/'],
    notCovered: ['/data', '/dev/shm', '/host', '/scratch'],
    notKept: ['times below a second', 'extended attributes user.*', 'sockets', 'holes in sparse files', 'processes'],
    isPinned: false,
  });
  const { notRestored } = await snapshots.rollback(snapshotId, container.name);
  expect(notRestored).toEqual(description?.notKept);
});

it('loses what it tells, and nothing else', async () => {
  await using container = await ForeignContainer.start(engine);
  await container.run(
    `cd /srv; echo a > file; chmod 4750 file; chown 7:8 file; touch -d '2020-02-02 02:02:02.5' file; ln file hard; ln -s file soft
     python3 -c "import os,socket; os.setxattr('file','user.x',b'1'); socket.socket(socket.AF_UNIX).bind('sock'); os.mkfifo('fifo')"
     truncate -s 20M sparse; mknod null c 1 3; mkdir -m 1777 dir`,
  );
  const look = `cd /srv; find . -printf '%p %y %m %U:%G %n %l %s\\n' | sort; stat -c %y file; du sparse | cut -f1; python3 -c "import os; print(os.listxattr('file'))"`;
  const before = (await container.run(look)).split('\n');
  const snapshotId = await snapshots.createSnapshot(container.name);
  await container.run('rm -rf /srv/*');
  await snapshots.rollback(snapshotId, container.name);
  const after = (await container.run(look)).split('\n');

  expect(before.filter((line) => !after.includes(line))).toEqual([
    expect.stringMatching(/^\.\/sock s/u),
    '2020-02-02 02:02:02.500000000 +0000',
    '0',
    "['user.x']",
  ]);
  expect(after.filter((line) => !before.includes(line))).toEqual([
    '2020-02-02 02:02:02.000000000 +0000',
    '20480',
    '[]',
  ]);
});

it('keeps as many snapshots as the policy says, and the newest safety snapshot, whichever process looks', async () => {
  await using container = await ForeignContainer.start(engine);
  const { id: lineage } = await container.inspect();
  const strict = snapshotsOf(engine, { policy: { maxSnapshots: 2 } });
  await container.run('echo 0 > /state');
  const ids: string[] = [];
  for (let round = 0; round < 3; round++) ids.push(await strict.createSnapshot(container.name));
  await using other = new Engine();
  const list = async (): Promise<string[]> =>
    (await snapshotsOf(other).list(container.name)).map(({ id, kind }) => `${id} ${kind}`);
  expect(await list()).toEqual(ids.slice(1).map((id) => `${id} requested`));
  await strict.rollback(ids[1] ?? '', container.name);
  const { safetySnapshotId = '' } = await strict.rollback(ids[1] ?? '', container.name);
  expect(await list()).toEqual([...ids.slice(1).map((id) => `${id} requested`), `${safetySnapshotId} safety`]);
  await strict.pin(ids[1] ?? '', true);
  ids.push(await strict.createSnapshot(container.name), await strict.createSnapshot(container.name));
  expect((await list()).filter((line) => line.endsWith('requested'))).toEqual(
    [ids[1], ids[3], ids[4]].map((id = '') => `${id} requested`),
  );
  await strict.pin(ids[1] ?? '', false);
  expect(await strict.retire(container.name)).toEqual([ids[1]]);
  expect(await snapshotsOf(engine, { policy: { maxAgeHours: 1e-9 } }).retire(container.name)).toHaveLength(3);
  expect(await list()).toEqual([]);
  // The image that it runs on, which was a snapshot until just now, goes with the next rollback.
  await strict.rollback(await strict.createSnapshot(container.name), container.name);
  const names = (await engine.images.list({ reference: `paracle-snapshot:${lineage}.base` })).flatMap(
    ({ tags }) => tags,
  );
  expect(names).toEqual([]);
  expect(await container.run('cat /state')).toBe('0');
});

it('removes the image that a container ran on, once both the snapshot and the container are gone', async () => {
  await using container = await ForeignContainer.start(engine);
  const { id } = await container.inspect();
  await snapshots.rollback(await snapshots.createSnapshot(container.name), container.name);
  for (const snapshot of await snapshots.list(container.name)) await snapshots.delete(snapshot.id);
  const list = async (): Promise<string[]> =>
    (await engine.images.list({ reference: `paracle-snapshot:${id}.*` })).flatMap(({ tags }) => tags);
  await snapshots.recover();
  expect(await list()).toEqual([`paracle-snapshot:${id}.base`]);
  await engine.containers.remove(container.name, { force: true });
  await snapshots.recover();
  expect(await list()).toEqual([]);
});

it('starts anew with one layer long before the engine could stack no more', async () => {
  await using container = await ForeignContainer.start(engine, { Env: ['A=b'], User: '7' });
  const { id: lineage } = await container.inspect();
  const early = snapshotsOf(engine, { policy: { backupBeforeRollback: false } }, 4);
  const layers = async (): Promise<number> =>
    (await engine.images.inspect((await container.inspect()).imageId)).layers.length;
  const counts: number[] = [];
  for (let round = 0; round < 6; round++) {
    await container.run(
      `echo ${round} > /round; mknod /srv/null${round} c 1 3; chown 5:6 /round; ln /round /srv/hard${round}`,
    );
    await early.rollback(await early.createSnapshot(container.name), container.name);
    counts.push(await layers());
  }
  expect(Math.max(...counts)).toBeLessThan(4);
  expect(counts.filter((count) => count === 1).length).toBeGreaterThan(1);
  expect(await container.run('cat /round; stat -c "%u:%g %h" /round; ls /srv | wc -l; echo $A')).toBe(
    '5\n5:6 2\n12\nb',
  );
  expect((await container.inspect()).config).toMatchObject({ Env: expect.arrayContaining(['A=b']), User: '7' });
  const all = (await engine.images.list({ reference: `paracle-snapshot:${lineage}.*spare` })).flatMap(
    ({ tags }) => tags,
  );
  expect(all).toEqual([]);
});
