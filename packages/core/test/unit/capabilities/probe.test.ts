import { expect, it } from '@jest/globals';
import { parseCapabilities } from '../../../src/capabilities/probe.js';
import { checkCapabilities } from '../../../src/doctor/doctor.js';

const version = {
  Version: '28.1.0',
  ApiVersion: '1.49',
  Arch: 'arm64',
  Components: [{ Name: 'runc', Version: '1.2.8' }],
};
const info = {
  OSType: 'linux',
  OperatingSystem: 'Docker Desktop',
  Driver: 'overlay2',
  DriverStatus: [['Backing Filesystem', 'extfs']],
  CgroupVersion: '2',
  CgroupDriver: 'systemd',
  MemoryLimit: true,
  SecurityOptions: ['name=seccomp,profile=unconfined', 'name=rootless', 'name=cgroupns'],
  Runtimes: { runc: {}, runsc: {} },
  DefaultRuntime: 'runc',
};

it('reads what an engine reports, and takes what it does not claim for absent', () => {
  expect(parseCapabilities(info, version)).toMatchObject({
    arch: 'arm64',
    cgroupVersion: '2',
    backingFilesystem: 'extfs',
    hasMemoryLimit: true,
    hasPidsLimit: false,
    hasSeccomp: false,
    isRootless: true,
    hasUserNamespaces: false,
    runtimes: ['runc', 'runsc'],
    runcVersion: '1.2.8',
    isDesktop: true,
  });
});

it.each([
  ['amd64', undefined, 'amd64'],
  ['arm64', undefined, 'arm64'],
  ['riscv64', undefined, 'other'],
  [undefined, 'x86_64', 'amd64'],
  [undefined, 'aarch64', 'arm64'],
  [undefined, undefined, 'other'],
  // Debian's armhf on a 64-bit kernel: the engine's own word counts.
  ['arm', 'aarch64', 'other'],
])('knows the architecture by each of its names: %s, %s', (Arch, Architecture, expected) => {
  expect(parseCapabilities({ ...info, Architecture }, { ...version, Arch }).arch).toBe(expected);
});

it('refuses an answer without what it relies on', () => {
  expect(() => parseCapabilities({}, version)).toThrow('OSType');
});

it('finds what follows from it', () => {
  const findings = new Map(checkCapabilities(parseCapabilities(info, version)).map(({ id, status }) => [id, status]));

  expect(Object.fromEntries(findings)).toMatchObject({
    'memory-limit': 'ok',
    'pids-limit': 'problem',
    'disk-quota': 'warning',
    seccomp: 'problem',
    'user-namespaces': 'ok',
    runc: 'ok',
  });
});
