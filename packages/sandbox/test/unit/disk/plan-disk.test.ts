import { describe, expect, it } from '@jest/globals';
import { type EngineCapabilities, type ImageDescription, parseConfig } from '@paracle/core';
import { type SandboxConfig, sandboxConfigSchema } from '../../../src/config/sandbox-config.js';
import { type DiskPlan, planDisk, tmpfsBytes } from '../../../src/disk/plan-disk.js';

const MEBIBYTE = 1024 * 1024;
const overlayOnExt = { storageDriver: 'overlay2', backingFilesystem: 'extfs' };
const overlayOnXfs = { storageDriver: 'overlay2', backingFilesystem: 'xfs' };
const btrfs = { storageDriver: 'btrfs' };

function plan(
  config: SandboxConfig,
  {
    driver = overlayOnExt,
    volumePaths = [],
  }: { driver?: Partial<EngineCapabilities>; volumePaths?: readonly string[] } = {},
): DiskPlan {
  return planDisk(parseConfig(sandboxConfigSchema, config, 'sandbox config'), {
    capabilities: driver as EngineCapabilities,
    image: { sizeBytes: 100 * MEBIBYTE, volumePaths } as unknown as ImageDescription,
  });
}

describe('how disk space is limited', () => {
  it('is by nothing where nothing was asked for', () => {
    expect(plan({})).toEqual({ mechanism: 'none' });
  });

  it('says so where it is by nothing, and the engine does not tell on what its data are', () => {
    expect(() => plan({ diskMb: 64 }, { driver: { storageDriver: 'vfs' } })).toThrow(
      'its storage driver vfs on an unknown file system has no quotas',
    );
  });

  it('is by nothing in memory where something is mounted there', () => {
    const mounts = [{ source: '/srv/a', target: '/data' }];
    expect(() => plan({ readOnlyFilesystem: true, mounts }, { volumePaths: ['/data/files'] })).toThrow(
      expect.objectContaining({ code: 'PARACLE_SANDBOX_MOUNT_REFUSED' }),
    );
  });

  it('is by a watchdog where that was accepted, which looks at the volumes of the image, too', () => {
    expect(plan({ diskMb: 64, diskEnforcement: 'soft' }, { volumePaths: ['/data/'] })).toEqual({
      mechanism: 'watchdog',
      limitBytes: 64 * MEBIBYTE,
      paths: ['/', '/data'],
    });
  });

  it('is by the quota of the storage driver, which on btrfs holds the image too', () => {
    expect(plan({ diskMb: 64 }, { driver: btrfs })).toEqual({
      mechanism: 'quota',
      limitBytes: 164 * MEBIBYTE,
      imageBytes: 100 * MEBIBYTE,
    });
    expect(plan({ diskMb: 64 }, { driver: overlayOnXfs })).toEqual({
      mechanism: 'quota',
      limitBytes: 64 * MEBIBYTE,
      imageBytes: 0,
    });
  });

  it('is refused where there are no quotas, with the ways out', () => {
    expect(() => plan({ diskMb: 64 })).toThrow(
      expect.objectContaining({
        code: 'PARACLE_SANDBOX_LIMIT_UNSUPPORTED',
        message: expect.stringContaining('overlay2 on extfs'),
        suggestion: expect.stringContaining("diskEnforcement: 'tmpfs'"),
      }),
    );
  });

  it('is refused where the image’s volumes would lie outside the quota', () => {
    expect(() => plan({ diskMb: 64 }, { driver: btrfs, volumePaths: ['/data'] })).toThrow('/data');
  });

  it('is by directories in memory that together are never more than was asked for', () => {
    const planned = plan(
      { diskMb: 100, diskEnforcement: 'tmpfs' },
      { driver: btrfs, volumePaths: ['/data/', '/tmp/', '/dev/shm'] },
    );
    if (planned.mechanism !== 'tmpfs') throw new Error('Expected directories in memory');

    expect(planned.parts.map(({ path }) => path)).toEqual(['/workspace', '/tmp', '/dev/shm', '/home/sandbox', '/data']);
    const sum = planned.parts.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
    expect(sum).toBeLessThanOrEqual(100 * MEBIBYTE);
    expect(sum).toBeGreaterThan(99 * MEBIBYTE);
    expect(planned.parts.every(({ sizeBytes }) => sizeBytes % 4096 === 0)).toBe(true);
    expect(tmpfsBytes(planned.parts)).toBeGreaterThan(sum);
  });

  it('is in memory for a read-only sandbox, and a working directory that is one of the others counts once', () => {
    const planned = plan({ readOnlyFilesystem: true, workingDirectory: '/tmp' });
    if (planned.mechanism !== 'tmpfs') throw new Error('Expected directories in memory');

    expect(planned.parts.map(({ path }) => path)).toEqual(['/tmp', '/dev/shm', '/home/sandbox']);
    expect(planned.parts.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0)).toBeLessThanOrEqual(256 * MEBIBYTE);
  });

  it.each(['/', '/proc/x', '/sys', '/dev', '/.paracle/store'])('refuses an image’s volume at %s', (path) => {
    expect(() => plan({ readOnlyFilesystem: true }, { volumePaths: [path] })).toThrow(
      expect.objectContaining({ code: 'PARACLE_SANDBOX_LIMIT_UNSUPPORTED', message: expect.stringContaining(path) }),
    );
  });
});
