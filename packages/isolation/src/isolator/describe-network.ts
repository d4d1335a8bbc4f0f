import {
  type CallOptions,
  coreErrorCodes,
  type Engine,
  hasCode,
  type NetworkDescription,
  parseConfig,
} from '@paracle/core';
import { networkPolicySchema, type ResolvedNetworkPolicy } from '../config/network-policy.js';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';
import { capacityOf } from './choose-address.js';
import { POLICY_LABEL } from './create-network.js';
import type { NetworkInfo } from './isolated-network.js';

/** Describes a network that Paracle made; `policyOf` knows the policies that this process enforces. */
export async function describeNetwork(
  engine: Engine,
  network: string,
  options: CallOptions & { readonly policyOf: (networkId: string) => ResolvedNetworkPolicy | undefined },
): Promise<NetworkInfo> {
  const { policyOf, ...call } = options;
  const { id, name, isInternal, members, subnets, labels } = await inspectNetwork(engine, network, call);
  const [addresses] = subnets;
  const label = labels[POLICY_LABEL];
  if (addresses === undefined || label === undefined) throw networkNotFound(network);
  const own = policyOf(id);
  const containers = members.map(({ containerId, address, ...member }) => {
    return { id: containerId, name: member.name, ...(address !== undefined && { address }) };
  });
  return {
    id,
    name,
    subnet: addresses.subnet,
    gateway: addresses.gateway ?? '',
    internal: isInternal,
    policy: own ?? parseConfig(networkPolicySchema, JSON.parse(label), 'network policy'),
    containers,
    freeAddresses: Math.max(0, capacityOf(addresses.subnet) - containers.length),
    isOwn: own !== undefined,
  };
}

/** Describes any network. @throws IsolationError `PARACLE_ISOLATION_NETWORK_NOT_FOUND` */
export async function inspectNetwork(
  engine: Engine,
  network: string,
  options: CallOptions,
): Promise<NetworkDescription> {
  try {
    return await engine.networks.inspect(network, options);
  } catch (error) {
    throw hasCode(error, coreErrorCodes.engineObjectNotFound) ? networkNotFound(network, error) : error;
  }
}

/** The error for a network that is not this isolator's. */
export function networkNotFound(network: string, cause?: unknown): IsolationError {
  return new IsolationError(isolationErrorCodes.networkNotFound, `No network ${network} of this isolator`, {
    details: { network },
    suggestion: 'Make one with createNetwork(). The policy of a network is enforced by the process that made it.',
    cause,
  });
}
