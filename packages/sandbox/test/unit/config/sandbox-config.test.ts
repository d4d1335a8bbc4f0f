import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '@paracle/core';
import { type ResolvedSandboxConfig, sandboxConfigSchema } from '../../../src/config/sandbox-config.js';
import { commandSchema, executeOptionsSchema } from '../../../src/execution/execute-options.js';

const parse = (config: unknown): ResolvedSandboxConfig => parseConfig(sandboxConfigSchema, config, 'sandbox config');

describe('sandbox config', () => {
  it('has a safe default for everything', () => {
    expect(parse({})).toEqual({
      baseImage: 'python:3.11-slim',
      cpuCores: 1,
      memoryMb: 512,
      pidsLimit: 256,
      timeoutSeconds: 60,
      networkMode: 'none',
      readOnlyFilesystem: false,
      environment: {},
      ulimits: {},
      require: [],
      mounts: [],
      workingDirectory: '/workspace',
    });
  });

  it('takes every documented option', () => {
    const config = {
      baseImage: 'node:22',
      cpuCores: 0.5,
      memoryMb: 1024,
      pidsLimit: 64,
      diskMb: 100,
      diskEnforcement: 'tmpfs',
      mounts: [{ source: '/data', target: '/srv/data', readOnly: true }],
      timeoutSeconds: 0.5,
      networkMode: 'none',
      readOnlyFilesystem: true,
      user: 'app:staff',
      ulimits: { nofile: 1024, memlock: 0, stack: 8_388_608 },
      runtime: 'runsc',
      require: ['disk.hard', 'network.hard'],
      environment: { NAME: 'value=with=signs', EMPTY: '' },
      workingDirectory: '/srv/app',
    };
    expect(parse(config)).toEqual(config);
  });

  it.each([
    ['cpuCore', 'cpuCores'],
    ['memoryMB', 'memoryMb'],
    ['memory_mb', 'memoryMb'],
    ['timeoutSecond', 'timeoutSeconds'],
    ['baseimage', 'baseImage'],
    ['networkmode', 'networkMode'],
    ['workingdirectory', 'workingDirectory'],
  ])('refuses %s and names %s', (misspelt, nearest) => {
    expect(() => parse({ [misspelt]: 1 })).toThrow(`Did you mean \`${nearest}\``);
  });

  it.each([
    { memoryMb: 15 },
    { memoryMb: 64.5 },
    { memoryMb: Number.NaN },
    { cpuCores: 0 },
    { cpuCores: -1 },
    { cpuCores: Number.POSITIVE_INFINITY },
    { pidsLimit: 7 },
    { pidsLimit: -1 },
    { timeoutSeconds: 0 },
    { timeoutSeconds: 4_000_001 },
    { diskMb: 0 },
    { diskMb: 2 ** 40 },
    { diskEnforcement: 'tmpfs' },
    { diskEnforcement: 'soft' },
    { diskEnforcement: 'hard', diskMb: 1 },
    { user: 'root' },
    { user: '0' },
    { user: '00:5' },
    { user: 'app:root' },
    { user: '1000:0' },
    { user: '' },
    { user: 'a:b:c' },
    { ulimits: { nofile: 10 } },
    { ulimits: { nproc: 10 } },
    { runtime: '' },
    { require: ['disk.soft'] },
    { require: ['disk'] },
    { secrets: { TOKEN: 'x' } },
    { networkMode: 'host' },
    { networkMode: 'bridge' },
    { networkMode: 'default' },
    { networkMode: 'container:abc' },
    { networkMode: '' },
    { networkMode: 'a b' },
    { baseImage: '' },
    { baseImage: 'a\0b' },
    { environment: { 'A=B': 'c' } },
    { environment: { '': 'c' } },
    { environment: { A: 'b\0c' } },
    { workingDirectory: 'relative' },
    { workingDirectory: '/' },
    { workingDirectory: '/a/' },
    { workingDirectory: '/a/../b' },
    { workingDirectory: '/a//b' },
    { workingDirectory: '/proc/self' },
    { workingDirectory: '/.paracle' },
    { workingDirectory: '/.paracle/store' },
    { workingDirectory: '/dev' },
    { workingDirectory: '/usr' },
    { workingDirectory: '/usr/bin' },
    { workingDirectory: '/usr/src' },
    { workingDirectory: '/lib64/x' },
    { workingDirectory: '/etc' },
    { workingDirectory: '/a\0b' },
    { mounts: [{ source: 'relative', target: '/srv/a' }] },
    { mounts: [{ source: '/a/../etc', target: '/srv/a' }] },
    { mounts: [{ source: '/', target: '/srv/a' }] },
    { mounts: [{ source: '/a', target: '/etc/a' }] },
    { mounts: [{ source: '/a', target: '/workspace' }] },
    { mounts: [{ source: '/a', target: '/home/sandbox' }] },
    { mounts: [{ source: '/a', target: '/home' }] },
    { mounts: [{ source: '/a', target: '/srv' }], workingDirectory: '/srv/app' },
    { mounts: [{ source: '/a', target: '/srv/a', readonly: true }] },
    { mounts: [{ source: '/a', target: '/srv/a', readOnly: false }], diskMb: 10 },
    { mounts: [{ source: '/a', target: '/srv/a', readOnly: false }], readOnlyFilesystem: true },
    {
      mounts: [
        { source: '/a', target: '/srv/a' },
        { source: '/b', target: '/srv/a' },
      ],
    },
    null,
    'text',
  ])('refuses %j', (config) => {
    expect(() => parse(config)).toThrow(expect.objectContaining({ code: 'PARACLE_CORE_CONFIG_INVALID' }));
  });

  it("takes directories whose names only look like the system's", () => {
    for (const workingDirectory of [
      '/processes',
      '/.paracle2',
      '/device/x',
      '/a/..b',
      '/usr/src/app',
      '/binaries',
      '/library',
    ])
      expect(parse({ workingDirectory })).toMatchObject({ workingDirectory });
  });
});

describe('execute options', () => {
  it('has its defaults', () => {
    expect(parseConfig(executeOptionsSchema, {}, 'execute options')).toEqual({
      environment: {},
      killGraceMs: 2000,
      maxOutputBytes: 1024 * 1024,
      onOutputLimit: 'drop',
      check: false,
      background: 'kill',
    });
  });

  it.each([
    { killGraceMs: -1 },
    { maxOutputBytes: 2 ** 30 },
    { background: 'maybe' },
    { timeoutSeconds: 0 },
    { timeoutMs: 5 },
    { terminal: true },
    { terminal: { columns: 80 } },
    { terminal: { columns: 0, rows: 24 } },
    { terminal: { columns: 80, rows: 65_536 } },
    { terminal: { columns: 80, rows: 24, height: 480 } },
  ])('refuses %j', (options) => {
    expect(() => parseConfig(executeOptionsSchema, options, 'execute options')).toThrow(
      expect.objectContaining({ code: 'PARACLE_CORE_CONFIG_INVALID' }),
    );
  });

  it('takes a command with empty arguments, but none without a program', () => {
    expect(parseConfig(commandSchema, ['echo', ''], 'command')).toEqual(['echo', '']);
    for (const command of [[], [''], ['a', 'b\0'], 'echo hi', [1]]) {
      expect(() => parseConfig(commandSchema, command, 'command')).toThrow(
        expect.objectContaining({ code: 'PARACLE_CORE_CONFIG_INVALID' }),
      );
    }
  });
});
