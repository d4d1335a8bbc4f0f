import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { type SandboxConfig, SandboxManager } from '../../src/index.js';
import { type CreateBody, createAlteringEngine } from './support/altering-engine.js';
import { listLeftBehind } from './support/left-behind.js';

interface Removal {
  readonly what: string;
  readonly config?: SandboxConfig;
  readonly alter: (hostConfig: Record<string, unknown>, body: CreateBody) => void;
  /** What the refusal says. */
  readonly says: string;
}

const without =
  (...names: readonly string[]): Removal['alter'] =>
  (hostConfig) => {
    for (const name of names) Reflect.deleteProperty(hostConfig, name);
  };

const withValue =
  (name: string, value: unknown): Removal['alter'] =>
  (hostConfig) => {
    hostConfig[name] = value;
  };

const inMemory = { diskMb: 32, diskEnforcement: 'tmpfs' } as const;

const REMOVALS: readonly Removal[] = [
  { what: 'the limit on memory', alter: without('Memory', 'MemorySwap'), says: 'HostConfig.Memory' },
  { what: 'the limit on swap', alter: withValue('MemorySwap', -1), says: 'HostConfig.MemorySwap' },
  { what: 'the limit on CPU time', alter: without('NanoCpus'), says: 'CPU time is not limited' },
  { what: 'the limit on processes', alter: without('PidsLimit'), says: 'processes are limited to nothing inside' },
  {
    what: 'the read-only root',
    config: inMemory,
    alter: without('ReadonlyRootfs'),
    says: 'disk space is limited to nothing',
  },
  {
    what: 'the directories in memory',
    config: inMemory,
    alter: without('Tmpfs'),
    says: 'disk space is limited to nothing',
  },
  {
    what: 'the size of a directory in memory',
    config: inMemory,
    alter: ({ Tmpfs }) => Object.assign(Tmpfs as object, { '/tmp': 'rw,exec,nosuid,nodev,mode=1777' }),
    says: 'disk space is limited to nothing',
  },
  {
    what: 'the limit on open files',
    config: { ulimits: { nofile: 300 } },
    alter: without('Ulimits'),
    says: 'HostConfig.Ulimits',
  },
  { what: 'the closed network', alter: withValue('NetworkMode', 'bridge'), says: 'a network may be there' },
  { what: 'the dropping of capabilities', alter: without('CapDrop'), says: 'HostConfig.CapDrop' },
  {
    what: 'the bound of capabilities',
    alter: ({ CapAdd }) => (CapAdd as string[]).push('NET_RAW'),
    says: 'HostConfig.CapAdd',
  },
  { what: 'no-new-privileges', alter: without('SecurityOpt'), says: 'HostConfig.SecurityOpt' },
  {
    what: 'the system call filter of the engine',
    alter: withValue('SecurityOpt', ['no-new-privileges', 'seccomp=unconfined']),
    says: 'no seccomp filter is in force',
  },
  { what: 'the masked paths', alter: withValue('MaskedPaths', []), says: 'HostConfig.MaskedPaths' },
  { what: 'the read-only paths', alter: withValue('ReadonlyPaths', []), says: 'HostConfig.ReadonlyPaths' },
  { what: 'the own control groups', alter: withValue('CgroupnsMode', 'host'), says: 'HostConfig.CgroupnsMode' },
  { what: 'the own shared memory', alter: withValue('IpcMode', 'shareable'), says: 'HostConfig.IpcMode' },
  { what: 'the host’s devices', alter: withValue('DeviceCgroupRules', ['a *:* rwm']), says: 'DeviceCgroupRules is' },
  {
    what: 'the silence of the log',
    alter: withValue('LogConfig', { Type: 'json-file' }),
    says: 'HostConfig.LogConfig',
  },
  {
    what: 'the end at the end',
    alter: withValue('RestartPolicy', { Name: 'always' }),
    says: 'HostConfig.RestartPolicy',
  },
  { what: 'other users in its groups', alter: withValue('GroupAdd', ['0']), says: 'GroupAdd is ["0"]' },
  {
    what: 'a mount that nobody asked for',
    alter: ({ Mounts }) => (Mounts as object[]).push({ Type: 'bind', Source: '/etc', Target: '/srv/etc' }),
    says: 'what is mounted from the host is [{"source":"/etc"',
  },
];

it.each(REMOVALS)('hands out no sandbox where the engine leaves out $what', async ({ config = {}, alter, says }) => {
  await using altering = await createAlteringEngine((body) => {
    alter(body.HostConfig, body);
  });
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using manager = new SandboxManager({ engine });

  await expect(manager.create(config)).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_UNENFORCED',
    message: expect.stringContaining(says),
  });
  expect(await listLeftBehind(engine)).toEqual([]);
});

it('hands out no sandbox where the engine warns that it leaves something out', async () => {
  await using altering = await createAlteringEngine(() => undefined, {
    alterAnswer: (answer) => ({
      ...answer,
      Warnings: ['Your kernel does not support pids limit. PIDs limit discarded.'],
    }),
  });
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using manager = new SandboxManager({ engine });
  await expect(manager.create()).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_UNENFORCED',
    differences: ['Your kernel does not support pids limit. PIDs limit discarded.'],
  });
  expect(await listLeftBehind(engine)).toEqual([]);
});

it('names the ways out where only the engine can tell that it has no quotas', async () => {
  await using altering = await createAlteringEngine((body) => {
    body.HostConfig['StorageOpt'] = { size: '1G' };
  });
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using manager = new SandboxManager({ engine });
  await expect(manager.create(inMemory)).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_UNSUPPORTED',
    suggestion: expect.stringContaining('project quotas'),
  });
});

it('hands one out where nothing is altered', async () => {
  await using altering = await createAlteringEngine(() => undefined);
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using manager = new SandboxManager({ engine });
  await using sandbox = await manager.create({ ...inMemory, ulimits: { nofile: 300 } });
  await expect(sandbox.execute(['echo', 'works'])).resolves.toMatchObject({ stdout: 'works\n' });
});
