import type { EngineCapabilities } from '@paracle/core';

/** What the engine tells of a container's place on a network. */
interface ReportedAddresses {
  readonly MacAddress: string;
  readonly IPAddress: string;
}

/** How the container was told its MAC address. */
interface MacAddressSource {
  /** Whether the network is the one that the container was created with, by name. */
  readonly isNamed: boolean;
  /** `Config.MacAddress`, where it concerns this network. */
  readonly containerMac: unknown;
}

/** The first API in which each endpoint can have its own. @see https://docs.docker.com/reference/api/engine/version-history/#v144-api-changes */
const FIRST_MINOR = 44;
/** The last API of engines that make one of the IPv4 address; as of Engine 28 it is random. @see https://github.com/moby/moby/pull/48808 */
const LAST_MINOR = 47;

/**
 * The MAC address that was chosen for a container on a network; empty if the engine chose it. An endpoint tells which one it has, not who chose it:
 * that is in `Config.MacAddress` for the network that the container was created with by name, whichever way it was chosen.
 * Elsewhere it was chosen if it is not what an engine makes of the IPv4 address: `02:42` and its bytes.
 */
export function chosenMacAddressOf(
  { MacAddress, IPAddress }: ReportedAddresses,
  { isNamed, containerMac }: MacAddressSource,
): string {
  if (typeof containerMac === 'string' && containerMac !== '') return containerMac;
  return isNamed || MacAddress === toGenerated(IPAddress) ? '' : MacAddress;
}

/** Whether an engine keeps a MAC address for each endpoint, and one that it generated can be told from it. */
export function choosesMacAddresses({ apiVersion }: EngineCapabilities): boolean {
  const minor = Number(apiVersion.split('.')[1]);
  return minor >= FIRST_MINOR && minor <= LAST_MINOR;
}

function toGenerated(address: string): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return ['02', '42', ...bytes].join(':');
}
