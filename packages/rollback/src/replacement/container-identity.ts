import type { ContainerDescription } from '@paracle/core';
import { z } from 'zod';
import { chosenMacAddressOf } from './chosen-mac-address.js';

/** What a container is but for its files, in the words of the engine's create call. */
export interface ContainerIdentity {
  readonly config: Readonly<Record<string, unknown>>;
  readonly hostConfig: Readonly<Record<string, unknown>>;
  /** The network that it is created with: a name, an id, or `host`, `none` or `container:ID`. */
  readonly networkMode: string;
  /** Those that a container can be connected to one by one, by name, without those that an enforcer attaches. */
  readonly networks: ReadonlyMap<string, NetworkEndpoint>;
}

/** A container's place on a network. */
export interface NetworkEndpoint {
  readonly networkId: string;
  /** The engine's `EndpointConfig`. */
  readonly endpoint: Readonly<Record<string, unknown>>;
  /** The same with the addresses that the engine chose; not every network lets one choose them. */
  readonly pinned?: Readonly<Record<string, unknown>>;
  /** Empty while it does not run. */
  readonly address: string;
  /** Empty if the engine chose it. */
  readonly macAddress: string;
}

const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const hostConfigSchema = z.looseObject({
  NetworkMode: z.string(),
  UTSMode: z.string().default(''),
  Binds: texts,
  Mounts: z
    .array(z.looseObject({ Type: z.string(), Source: z.string().optional(), Target: z.string() }))
    .nullish()
    .transform((list) => list ?? []),
});
const endpointSchema = z.looseObject({
  NetworkID: z.string(),
  IPAddress: z.string().default(''),
  GlobalIPv6Address: z.string().default(''),
  MacAddress: z.string().default(''),
  Aliases: texts,
  IPAMConfig: z.record(z.string(), z.unknown()).nullish(),
});
const networksSchema = z.object({ Networks: z.record(z.string(), endpointSchema) });

/** What the engine says of an endpoint, and nobody told it. */
const REPORTED: ReadonlySet<string> = new Set([
  ...['NetworkID', 'EndpointID', 'Gateway', 'IPAddress', 'IPPrefixLen'],
  ...['IPv6Gateway', 'GlobalIPv6Address', 'GlobalIPv6PrefixLen', 'MacAddress', 'DNSNames'],
]);
const NO_NETWORKS: ReadonlySet<string> = new Set(['none', 'host']);
const SHORT_ID_LENGTH = 12;

/** The id of each network that a container is on, by name. */
export function networkIdsOf({ networkSettings }: ContainerDescription): ReadonlyMap<string, string> {
  const entries = Object.entries(networksSchema.parse(networkSettings).Networks);
  return new Map(entries.map(([name, { NetworkID }]) => [name, NetworkID]));
}

/** Reads what a container is; `enforced` are ids of networks that an enforcer attaches it to. */
export function identityOf(container: ContainerDescription, enforced: readonly string[]): ContainerIdentity {
  const hostConfig = hostConfigSchema.parse(container.hostConfig);
  const networks = new Map<string, NetworkEndpoint>();
  const isEnforcedMode = [...networkIdsOf(container)].some(
    ([name, id]) => enforced.includes(id) && (hostConfig.NetworkMode === name || hostConfig.NetworkMode === id),
  );
  const added = [container.id.slice(0, SHORT_ID_LENGTH), readHostname(container)];
  const mode = isEnforcedMode ? 'none' : hostConfig.NetworkMode;
  const networkMode = mode === 'default' ? 'bridge' : mode;
  const config = toConfig(container, hostConfig, isEnforcedMode);
  for (const [name, found] of Object.entries(networksSchema.parse(container.networkSettings).Networks)) {
    if (!NO_NETWORKS.has(name) && !enforced.includes(found.NetworkID)) {
      const isNamed = name === networkMode;
      const isMain = isNamed || found.NetworkID === networkMode;
      const macAddress = chosenMacAddressOf(found, {
        isNamed,
        containerMac: isMain ? config['MacAddress'] : undefined,
      });
      networks.set(name, { ...toEndpoint(name, found, added), macAddress });
    }
  }
  return {
    config,
    hostConfig: { ...hostConfig, ...toMounts(container, hostConfig), NetworkMode: mode },
    networkMode,
    networks,
  };
}

function readHostname({ config }: ContainerDescription): string {
  return z.object({ Hostname: z.string().default('') }).parse(config).Hostname;
}

/** What a container shares with another or with the host it can't have of its own, nor a MAC address without a network. */
function toConfig(
  { config }: ContainerDescription,
  { NetworkMode, UTSMode }: z.infer<typeof hostConfigSchema>,
  isEnforcedMode: boolean,
): Record<string, unknown> {
  const { Image: _image, ...rest } = z.record(z.string(), z.unknown()).parse(config);
  const isJoined = NetworkMode.startsWith('container:');
  const shared: readonly string[] = isJoined
    ? ['Hostname', 'Domainname', 'ExposedPorts']
    : UTSMode === 'host'
      ? ['Hostname']
      : [];
  const lost = [...shared, ...(isEnforcedMode ? ['MacAddress'] : [])];
  return Object.fromEntries(Object.entries(rest).filter(([key]) => !lost.includes(key)));
}

/** Volumes that the engine named are mounted by that name, as they are: an empty one is not filled again. */
function toMounts(
  { mounts }: ContainerDescription,
  { Binds, Mounts }: z.infer<typeof hostConfigSchema>,
): { readonly Binds: readonly string[]; readonly Mounts: readonly object[] } {
  const named = new Map(mounts.flatMap((mount) => (mount.name === undefined ? [] : [[mount.destination, mount]])));
  const completed = Mounts.map((mount) => {
    const name = named.get(mount.Target)?.name;
    return mount.Type === 'volume' && (mount.Source ?? '') === '' && name !== undefined
      ? { ...mount, Source: name }
      : mount;
  });
  const told = new Set([...Binds.map((bind) => bind.split(':')[1] ?? ''), ...Mounts.map(({ Target }) => Target)]);
  const untold = [...named.values()].filter(({ destination }) => !told.has(destination));
  const binds = untold.map(
    ({ name = '', destination, isWritable }) => `${name}:${destination}:${isWritable ? '' : 'ro,'}nocopy`,
  );
  return { Binds: [...Binds, ...binds], Mounts: completed };
}

/** To a container's aliases the engine adds its short id and its host name, and does so for the new one. */
function toEndpoint(
  name: string,
  found: z.infer<typeof endpointSchema>,
  added: readonly string[],
): Omit<NetworkEndpoint, 'macAddress'> {
  const told = Object.entries(found).filter(([key, value]) => !REPORTED.has(key) && value !== '' && value !== null);
  const Aliases = found.Aliases.filter((alias) => !added.includes(alias));
  const endpoint = { ...Object.fromEntries(told), ...(name !== 'bridge' && { Aliases }) };
  const chosen = {
    ...(found.IPAddress !== '' && { IPv4Address: found.IPAddress }),
    ...(found.GlobalIPv6Address !== '' && { IPv6Address: found.GlobalIPv6Address }),
  };
  const isChosen = Object.keys(chosen).some((key) => found.IPAMConfig?.[key] === undefined);
  const canPin = name !== 'bridge' && isChosen;
  return {
    // One that was never started has only the name.
    networkId: found.NetworkID === '' ? name : found.NetworkID,
    endpoint,
    ...(canPin && { pinned: { ...endpoint, IPAMConfig: { ...found.IPAMConfig, ...chosen } } }),
    address: found.IPAddress,
  };
}
