import type { ContainerDescription } from '@paracle/core';
import { readProperty } from './read-property.js';

/** Compares what the engine made of a container with what was asked for; each difference is a sentence. */
export function verifyContainer(
  described: ContainerDescription,
  expected: {
    readonly hostConfig: Readonly<Record<string, unknown>>;
    readonly config: Readonly<Record<string, unknown>>;
  },
): string[] {
  return [
    ...differences('HostConfig', expected.hostConfig, described.hostConfig),
    ...differences('Config', expected.config, described.config),
    ...forbidden(described.hostConfig),
  ];
}

/** Ways to weaken a container that were not asked for, each of which must be absent. */
const FORBIDDEN = [
  'Privileged',
  'Binds',
  'VolumesFrom',
  'Devices',
  'DeviceCgroupRules',
  'DeviceRequests',
  'GroupAdd',
  'Sysctls',
  'OomKillDisable',
  'PidMode',
  'UTSMode',
  'UsernsMode',
  'CgroupParent',
];

function forbidden(hostConfig: unknown): string[] {
  return FORBIDDEN.filter((name) => !isEmpty(readProperty(hostConfig, name))).map(
    (name) => `${name} is ${JSON.stringify(readProperty(hostConfig, name))}, though it was not asked for`,
  );
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function differences(where: string, expected: Readonly<Record<string, unknown>>, actual: unknown): string[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const found = readProperty(actual, name);
    const isSame = canonical(name, found) === canonical(name, value);
    return isSame ? [] : [`expected ${where}.${name} ${JSON.stringify(value)}, found ${JSON.stringify(found)}`];
  });
}

/** Newer engines write capabilities with their prefix, and all write maps in an order of their own. */
function canonical(name: string, value: unknown): string {
  const isList = (name === 'CapAdd' || name === 'CapDrop') && Array.isArray(value);
  if (isList) return JSON.stringify(value.map((item) => String(item).replace(/^CAP_/u, '')).sort());
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return JSON.stringify(isMap ? Object.entries(value).sort() : value);
}
