import { describe, expect, it } from '@jest/globals';
import { type ContainerDescription, parseConfig } from '@paracle/core';
import { type SandboxConfig, sandboxConfigSchema } from '../../../src/config/sandbox-config.js';
import type { DiskPlan } from '../../../src/disk/plan-disk.js';
import { computeGuarantees } from '../../../src/guarantees/compute-guarantees.js';
import { findShortfalls } from '../../../src/guarantees/find-shortfalls.js';
import type { SandboxGuarantees } from '../../../src/guarantees/guarantees.js';
import type { InsideView } from '../../../src/guarantees/inside-view.js';

const MEBIBYTE = 1024 * 1024;
const LIMIT = 512 * MEBIBYTE;

const hostConfig = {
  NetworkMode: 'none',
  Memory: LIMIT,
  MemorySwap: LIMIT,
  NanoCpus: 1e9,
  Runtime: 'runc',
};
const container = { hostConfig, networkSettings: { Networks: { none: {} } }, mounts: [] };
const inside: InsideView = {
  uid: 1000,
  gid: 1000,
  supplementaryGroups: '',
  hasCapabilities: false,
  hasNoNewPrivileges: true,
  hasSeccomp: true,
  hasSwap: false,
  memoryLimitBytes: LIMIT,
  pidsLimit: 256,
  mounts: [],
  hasRoutes: false,
};

interface Seen {
  readonly container?: object;
  readonly inside?: Partial<InsideView>;
  readonly plan?: DiskPlan;
  readonly runcVersion?: string | undefined;
  readonly networkId?: string;
}

function compute(seen: Seen = {}): SandboxGuarantees {
  const described = { ...container, ...seen.container } as unknown as ContainerDescription;
  const { plan = { mechanism: 'none' }, runcVersion = '1.3.3', networkId } = seen;
  return computeGuarantees(described, { ...inside, ...seen.inside }, { plan, runcVersion, networkId });
}

const shortfalls = (seen: Seen, config: SandboxConfig = {}): string[] =>
  findShortfalls(compute(seen), parseConfig(sandboxConfigSchema, config, 'sandbox config'), {
    ...inside,
    ...seen.inside,
  });

describe('guarantees', () => {
  it('are all hard but for disk space where everything is as asked for', () => {
    expect(compute()).toEqual({
      memory: { enforcement: 'hard', limitBytes: LIMIT },
      swap: { enforcement: 'hard', limitBytes: 0 },
      cpu: { enforcement: 'hard', cores: 1 },
      pids: { enforcement: 'hard', limit: 256 },
      disk: { enforcement: 'none', mechanism: 'none' },
      time: { enforcement: 'hard' },
      network: { enforcement: 'hard', mode: 'none' },
      mounts: [],
      privileges: { uid: 1000, gid: 1000, hasCapabilities: false, hasNoNewPrivileges: true, hasSeccomp: true },
      weaknesses: ['No limit on disk space is in force: a sandbox can fill the disk of the engine.'],
    });
    expect(shortfalls({})).toEqual([]);
  });

  it.each<{ title: string; seen: Seen; says: string }>([
    {
      title: 'memory',
      seen: { inside: { memoryLimitBytes: 2 * LIMIT } },
      says: `memory is limited to ${2 * LIMIT} inside`,
    },
    {
      title: 'swap, where the host has some',
      seen: { inside: { hasSwap: true }, container: { hostConfig: { ...hostConfig, MemorySwap: 2 * LIMIT } } },
      says: 'swap is not limited, so memory is not',
    },
    {
      title: 'swap, where nothing limits memory',
      seen: { inside: { hasSwap: true }, container: { hostConfig: { ...hostConfig, Memory: 0 } } },
      says: 'swap is not limited, so memory is not',
    },
    {
      title: 'CPU time',
      seen: { container: { hostConfig: { ...hostConfig, NanoCpus: 0 } } },
      says: 'CPU time is not limited',
    },
    { title: 'processes', seen: { inside: { pidsLimit: 5 } }, says: 'processes are limited to 5 inside' },
    { title: 'the user', seen: { inside: { uid: Number.NaN } }, says: 'untrusted processes run as root' },
    { title: 'the group', seen: { inside: { gid: 0 } }, says: 'untrusted processes run as root' },
    { title: 'groups', seen: { inside: { supplementaryGroups: '0' } }, says: 'untrusted processes are in groups 0' },
    {
      title: 'capabilities',
      seen: { inside: { hasCapabilities: true } },
      says: 'untrusted processes hold capabilities',
    },
    {
      title: 'no-new-privileges',
      seen: { inside: { hasNoNewPrivileges: false } },
      says: 'untrusted processes can gain privileges',
    },
    { title: 'seccomp', seen: { inside: { hasSeccomp: false } }, says: 'no seccomp filter is in force' },
    {
      title: 'the network, by its routes',
      seen: { inside: { hasRoutes: true } },
      says: 'the network mode is unknown, and a network may be there',
    },
    {
      title: 'the network, by what the engine says',
      seen: { container: { networkSettings: { Networks: { bridge: {} } } } },
      says: 'the network mode is bridge, and a network may be there',
    },
    {
      title: 'the network, where there is another one beside that with a policy',
      seen: {
        networkId: 'a',
        container: { networkSettings: { Networks: { ours: { NetworkID: 'a' }, theirs: { NetworkID: 'b' } } } },
      },
      says: 'the network mode is theirs, and a network may be there',
    },
    {
      title: 'the network, where the engine does not say its mode',
      seen: { container: { networkSettings: null, hostConfig: { ...hostConfig, NetworkMode: undefined } } },
      says: 'the network mode is , and a network may be there',
    },
  ])('miss $title where that is not in force', ({ seen, says }) => {
    expect(shortfalls(seen)).toContain(says);
  });

  it('have a network where its policy was seen to be in force', () => {
    const networkSettings = { Networks: { ours: { NetworkID: 'a' } } };
    const seen: Seen = { networkId: 'a', container: { networkSettings }, inside: { hasRoutes: true } };
    expect(compute(seen).network).toEqual({ enforcement: 'hard', mode: 'policy', networkId: 'a' });
    expect(shortfalls(seen)).toEqual([]);
  });

  it('go by the routes alone where the engine tells of no networks', () => {
    expect(shortfalls({ container: { networkSettings: null } })).toEqual([]);
  });

  it('miss a limit on disk space that has no number', () => {
    const config = parseConfig(sandboxConfigSchema, { diskMb: 5 }, 'sandbox config');
    const found = { ...compute(), disk: { enforcement: 'hard', mechanism: 'quota' } } as const;
    expect(findShortfalls(found, config, inside)).toEqual(['disk space is limited to nothing']);
  });

  it('miss everything where the engine says nothing', () => {
    expect(shortfalls({ container: { hostConfig: null } })).toEqual(
      expect.arrayContaining(['CPU time is not limited', 'the network mode is , and a network may be there']),
    );
  });

  it('trust no quota that does not leave room beside the image, or is not there', () => {
    const plan = { mechanism: 'quota', limitBytes: 164 * MEBIBYTE, imageBytes: 100 * MEBIBYTE } as const;
    const quota = (size: unknown): Seen => ({
      plan,
      container: { hostConfig: { ...hostConfig, StorageOpt: { size } } },
    });
    expect(compute(quota(String(plan.limitBytes))).disk).toMatchObject({
      enforcement: 'hard',
      limitBytes: 64 * MEBIBYTE,
    });
    expect(compute(quota(String(plan.imageBytes))).disk).toMatchObject({ enforcement: 'none' });
    expect(compute(quota(undefined)).disk).toMatchObject({ enforcement: 'none' });
    expect(shortfalls(quota(undefined), { diskMb: 64 })).toContain('disk space is limited to nothing');
    expect(shortfalls(quota(String(plan.limitBytes)), { diskMb: 32 })).toContain(
      `disk space is limited to ${64 * MEBIBYTE}`,
    );
  });

  it('take a watchdog for what was asked for only where it was', () => {
    const plan = { mechanism: 'watchdog', limitBytes: 64 * MEBIBYTE, paths: ['/'] } as const;
    expect(shortfalls({ plan }, { diskMb: 64, diskEnforcement: 'soft' })).toEqual([]);
    expect(shortfalls({ plan }, { diskMb: 64 })).toEqual([`disk space is limited to ${64 * MEBIBYTE}`]);
    expect(shortfalls({ plan }, { diskMb: 64, diskEnforcement: 'soft', require: ['disk.hard'] })).toEqual([
      'disk.hard was required and does not hold',
    ]);
  });

  it('name what is mounted from the host, writable unless both sides say read-only', () => {
    const mount = { type: 'bind', destination: '/srv/a', isWritable: false };
    const mounts = [mount, { type: 'volume', destination: '/.paracle/store', isWritable: true }];
    const seen = { path: '/srv/a', type: 'ext4', isReadOnly: false };
    const found = compute({ container: { mounts }, inside: { mounts: [seen] } });
    expect(found.mounts).toEqual([{ source: '', target: '/srv/a', isReadOnly: false }]);
    const config: SandboxConfig = { mounts: [{ source: '/a', target: '/srv/a' }] };
    const asAsked: Seen = {
      container: { mounts: [{ ...mount, source: '/a' }] },
      inside: { mounts: [{ ...seen, isReadOnly: true }] },
    };
    expect(shortfalls(asAsked, config)).toEqual([]);
    expect(shortfalls(asAsked)).toContain(
      'what is mounted from the host is [{"source":"/a","target":"/srv/a","isReadOnly":true}]',
    );
  });

  it.each([
    {
      title: 'a runtime that nobody tried',
      name: 'runsc',
      runcVersion: '1.0.0',
      says: ['The runtime runsc was never verified with Paracle.'],
    },
    {
      title: 'an old runc',
      name: 'runc',
      runcVersion: '1.1.11',
      says: [expect.stringContaining('runc 1.1.11 is older than the fix of CVE-2024-21626')],
    },
    { title: 'nothing of a runc whose version is not told', name: 'runc', runcVersion: 'unknown', says: [] },
  ])('warn of $title', ({ name, runcVersion, says }) => {
    const { weaknesses } = compute({ container: { hostConfig: { ...hostConfig, Runtime: name } }, runcVersion });
    expect(weaknesses.slice(1)).toEqual(says);
  });
});
