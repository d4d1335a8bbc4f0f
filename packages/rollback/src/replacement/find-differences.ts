import { isDeepStrictEqual } from 'node:util';
import type { ContainerDescription } from '@paracle/core';
import { z } from 'zod';
import { type ContainerIdentity, identityOf } from './container-identity.js';

const recordSchema = z.record(z.string(), z.unknown());
const linksSchema = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

/** Compared by what came of them, or told by the engine. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['Binds', 'Mounts', 'Links', 'NetworkMode', 'ContainerIDFile']);

/** What of a container's identity another has not got, by the names of the engine's fields. The image's name is none of it. */
export function findDifferences(
  wanted: ContainerDescription,
  actual: ContainerDescription,
  enforced: readonly string[],
): string[] {
  const [before, after] = [identityOf(wanted, enforced), identityOf(actual, enforced)];
  return [
    ...compareFields('Config', before.config, after.config),
    ...compareFields('HostConfig', toComparable(before.hostConfig), toComparable(after.hostConfig)),
    ...compareFields('Mounts', toMounts(wanted), toMounts(actual)),
    ...compareFields('Networks', toPlaces(before), toPlaces(after, before)),
    ...(before.networkMode === after.networkMode ? [] : ['HostConfig.NetworkMode']),
  ];
}

function compareFields(
  what: string,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .filter((key) => !isDeepStrictEqual(simplify(before[key]), simplify(after[key])))
    .map((key) => `${what}.${key}`);
}

/** To an engine, what is empty or zero is the same as what is absent. */
function simplify(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(simplify);
  if (typeof value !== 'object' || value === null)
    return value === '' || value === 0 || value === false || value === null ? undefined : value;
  const entries = Object.entries(value).map(([key, part]): [string, unknown] => [key, simplify(part)]);
  const told = entries.filter(([, part]) => part !== undefined);
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** A link is told with the container's own name in it, which was another when it was made. */
function toComparable(hostConfig: ContainerIdentity['hostConfig']): Record<string, unknown> {
  const Links = linksSchema.parse(hostConfig['Links']).map((link) => {
    const [from = '', to = ''] = link.split(':');
    return `${from}:${to.split('/').at(-1) ?? ''}`;
  });
  const compared = Object.entries(hostConfig).filter(([key]) => !NOT_COMPARED.has(key));
  return { ...Object.fromEntries(compared), Links: Links.sort() };
}

function toMounts({ mounts }: ContainerDescription): Record<string, unknown> {
  return Object.fromEntries(
    mounts.map(({ destination, type, name, source, isWritable }) => [destination, [type, name ?? source, isWritable]]),
  );
}

/** An address that the engine chose for the first may have been fixed for the second. */
function toPlaces({ networks }: ContainerIdentity, before?: ContainerIdentity): Record<string, unknown> {
  return Object.fromEntries(
    [...networks].map(([name, { endpoint }]) => {
      const { IPAMConfig, Aliases, ...rest } = endpoint;
      const fixed = recordSchema.catch({}).parse(IPAMConfig);
      const asked = recordSchema.catch({}).parse((before?.networks.get(name)?.endpoint ?? endpoint)['IPAMConfig']);
      const addresses = Object.fromEntries(Object.keys(asked).map((key) => [key, fixed[key]]));
      return [name, { ...rest, isMember: true, addresses, aliases: [...linksSchema.parse(Aliases)].sort() }];
    }),
  );
}
