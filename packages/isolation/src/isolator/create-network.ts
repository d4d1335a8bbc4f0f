import {
  type CallOptions,
  coreErrorCodes,
  createId,
  type Engine,
  hasCode,
  type NetworkSummary,
  ownerLabels,
} from '@paracle/core';
import { doOverlap, formatAddress } from '../addresses/address-range.js';
import { toRange } from '../addresses/parse-range.js';
import type { ResolvedNetworkConfig } from '../config/network-config.js';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError, type TakenSubnet } from '../errors/isolation-errors.js';
import type { HostSurvey } from '../guard/survey-host.js';
import { type ChooseSubnetOptions, chooseSubnet } from '../subnets/choose-subnet.js';
import type { IsolatedNetwork } from './isolated-network.js';

/** Label with the policy that a network was made with, as JSON. */
export const POLICY_LABEL = 'dev.paracle.network-policy';

/** Processes that choose at the same time may choose the same; the engine tells, and they choose again. */
const ATTEMPTS = 50;

/** What making a network takes. */
interface CreateNetworkOptions extends CallOptions {
  readonly config: ResolvedNetworkConfig;
  readonly survey: HostSurvey;
  readonly subnets: Pick<ChooseSubnetOptions, 'pools' | 'prefixLength'>;
}

/** Makes a network, or nothing. */
export async function createNetwork(engine: Engine, options: CreateNetworkOptions): Promise<IsolatedNetwork> {
  const { config, survey, subnets, signal } = options;
  const refused: TakenSubnet[] = [];
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const taken = [...(await listTaken(engine, options)), ...survey.routes, ...refused];
    const subnet = config.subnet ?? chooseSubnet({ ...subnets, taken });
    if (config.subnet !== undefined) refuseTaken(config.subnet, taken);
    try {
      return await attemptCreate(engine, { config, subnet });
    } catch (error) {
      if (!isOverlap(error)) throw error;
      if (config.subnet !== undefined || attempt === ATTEMPTS) throw subnetTaken(subnet, 'another network', error);
      refused.push({ subnet, holder: 'another network' });
    }
  }
}

/** The subnets of all networks of an engine. */
async function listTaken(engine: Engine, { signal }: CallOptions): Promise<readonly TakenSubnet[]> {
  const networks = await engine.networks.list({ signal });
  return networks.flatMap(({ name, subnets }) => subnets.map(({ subnet }) => ({ subnet, holder: `network ${name}` })));
}

function refuseTaken(wanted: string, taken: readonly TakenSubnet[]): void {
  const isEverything = ({ subnet }: TakenSubnet): boolean => /\/[01]$/u.test(subnet);
  const holder = taken.find((other) => !isEverything(other) && doOverlap(toRange(other.subnet), toRange(wanted)));
  if (holder !== undefined) throw subnetTaken(wanted, `${holder.holder} (${holder.subnet})`);
}

function subnetTaken(subnet: string, holder: string, cause?: unknown): IsolationError {
  return new IsolationError(isolationErrorCodes.subnetTaken, `The subnet ${subnet} overlaps ${holder}`, {
    details: { subnet, holder },
    suggestion: 'Leave `subnet` out and a free one is chosen.',
    cause,
  });
}

/** Not ended by a signal: the engine finishes what it began, whoever hangs up. */
async function attemptCreate(
  engine: Engine,
  { config, subnet }: { readonly config: ResolvedNetworkConfig; readonly subnet: string },
): Promise<IsolatedNetwork> {
  const { internal, policy } = config;
  const { serverVersion } = await engine.capabilities();
  const gateway = formatAddress(4, toRange(subnet).first + 1n);
  const name = `paracle-${createId('net')}`;
  const { id, warning } = await engine.networks.create({
    Name: name,
    CheckDuplicate: true,
    Driver: config.driver,
    Internal: internal,
    EnableIPv6: false,
    Attachable: false,
    IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
    Options: hidesHost(serverVersion, internal) ? { 'com.docker.network.bridge.gateway_mode_ipv4': 'isolated' } : {},
    Labels: { ...ownerLabels({ purpose: 'network' }), [POLICY_LABEL]: JSON.stringify(policy) },
  });
  try {
    const made = await engine.networks.inspect(id);
    const differences = [...(warning === undefined ? [] : [warning]), ...compare(made, { config, subnet })];
    if (differences.length > 0) {
      throw new IsolationError(
        isolationErrorCodes.networkUnenforced,
        `The engine made another network than it was asked for: ${differences.join('; ')}`,
        { details: { differences } },
      );
    }
    return { id, name, subnet, gateway, internal, policy };
  } catch (error) {
    await engine.networks.remove(id).catch(() => undefined);
    throw error;
  }
}

/** @see https://docs.docker.com/engine/network/port-publishing/#gateway-modes (Engine 28 and later) */
function hidesHost(serverVersion: string, internal: boolean): boolean {
  return internal && Number.parseInt(serverVersion, 10) >= 28;
}

function compare(
  made: NetworkSummary,
  { config, subnet }: { readonly config: ResolvedNetworkConfig; readonly subnet: string },
): readonly string[] {
  const found = made.subnets.map((entry) => entry.subnet);
  return [
    ...(made.driver === config.driver ? [] : [`its driver is ${made.driver}`]),
    ...(made.isInternal === config.internal ? [] : [`internal is ${made.isInternal}`]),
    ...(made.hasIpv6 ? ['it has IPv6'] : []),
    ...(found.length === 1 && found[0] === subnet ? [] : [`its subnets are ${found.join(', ') || 'none'}`]),
  ];
}

/** Both wordings of engines: `Pool overlaps with other one …`, `… networks have overlapping IPv4`. */
function isOverlap(error: unknown): boolean {
  return hasCode(error, coreErrorCodes.engineResponse) && /overlap/iu.test(error.message);
}
