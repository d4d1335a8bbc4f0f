import { requireText } from '../engine/answer/require-fields.js';
import type { EngineSystem } from '../engine/api/system.js';
import type { CallOptions } from '../engine/connection/call-options.js';
import { readField, readFlag, readList, readText, readTexts } from '../reading/read-fields.js';
import type { EngineCapabilities } from './engine-capabilities.js';

/** Asks an engine what it can do. */
export async function probe(
  system: Pick<EngineSystem, 'info' | 'version'>,
  options?: CallOptions,
): Promise<EngineCapabilities> {
  const [info, version] = await Promise.all([system.info(options), system.version(options)]);
  return parseCapabilities(info, version);
}

/** Reads the answers to `GET /info` and `GET /version`. What an engine does not claim it does not have. */
export function parseCapabilities(info: unknown, version: unknown): EngineCapabilities {
  const operatingSystem = readText(info, ['OperatingSystem']) ?? 'unknown';
  return {
    serverVersion: requireText(version, ['Version'], 'GET /version'),
    apiVersion: requireText(version, ['ApiVersion'], 'GET /version'),
    os: requireText(info, ['OSType'], 'GET /info'),
    arch: toArch(readText(version, ['Arch']) ?? readText(info, ['Architecture']) ?? ''),
    cgroupVersion: toCgroupVersion(readText(info, ['CgroupVersion'])),
    cgroupDriver: readText(info, ['CgroupDriver']) ?? 'unknown',
    storageDriver: requireText(info, ['Driver'], 'GET /info'),
    ...withText('backingFilesystem', findDriverStatus(info, 'Backing Filesystem')),
    ...withText('dataDirectory', readText(info, ['DockerRootDir'])),
    hasMemoryLimit: readFlag(info, ['MemoryLimit']),
    hasSwapLimit: readFlag(info, ['SwapLimit']),
    hasPidsLimit: readFlag(info, ['PidsLimit']),
    hasCpuCfsQuota: readFlag(info, ['CpuCfsQuota']),
    ...parseSecurity(info),
    runtimes: toKeys(readField(info, ['Runtimes'])),
    defaultRuntime: readText(info, ['DefaultRuntime']) ?? 'unknown',
    ...withText('runcVersion', findRuncVersion(version)),
    kernelVersion: readText(info, ['KernelVersion']) ?? 'unknown',
    operatingSystem,
    isDesktop: /docker desktop/iu.test(operatingSystem),
  };
}

type Security = Pick<
  EngineCapabilities,
  'hasSeccomp' | 'seccompProfile' | 'hasAppArmor' | 'hasSelinux' | 'isRootless' | 'hasUserNamespaces'
>;

/** Security options look like `name=seccomp,profile=default`. */
function parseSecurity(info: unknown): Security {
  const options = readTexts(info, ['SecurityOptions']);
  const find = (name: string): string | undefined =>
    options.find((option) => option === `name=${name}` || option.startsWith(`name=${name},`));
  const seccomp = find('seccomp');
  const profile = seccomp === undefined ? undefined : /profile=([^,]+)/u.exec(seccomp)?.[1];
  return {
    hasSeccomp: seccomp !== undefined && profile !== 'unconfined',
    ...withText('seccompProfile', profile),
    hasAppArmor: find('apparmor') !== undefined,
    hasSelinux: find('selinux') !== undefined,
    isRootless: find('rootless') !== undefined,
    hasUserNamespaces: find('userns') !== undefined,
  };
}

function toArch(name: string): EngineCapabilities['arch'] {
  if (name === 'amd64' || name === 'x86_64') return 'amd64';
  return name === 'arm64' || name === 'aarch64' ? 'arm64' : 'other';
}

function toCgroupVersion(version: string | undefined): EngineCapabilities['cgroupVersion'] {
  return version === '1' || version === '2' ? version : 'unknown';
}

function findDriverStatus(info: unknown, name: string): string | undefined {
  const row = readList(info, ['DriverStatus']).find((entry) => readText(entry, ['0']) === name);
  return readText(row, ['1']);
}

function findRuncVersion(version: unknown): string | undefined {
  const component = readList(version, ['Components']).find((entry) => readText(entry, ['Name']) === 'runc');
  return readText(component, ['Version']);
}

function withText<Key extends string>(key: Key, value: string | undefined): { readonly [Name in Key]?: string } {
  const result: { [Name in Key]?: string } = {};
  if (value !== undefined) result[key] = value;
  return result;
}

function toKeys(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
