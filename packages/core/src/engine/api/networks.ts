import { coreErrorCodes } from '../../errors/core-error-codes.js';
import { hasCode } from '../../errors/has-code.js';
import { readField, readFlag, readList, readText, readTextMap } from '../../reading/read-fields.js';
import { requireList, requireText } from '../answer/require-fields.js';
import type { CallOptions } from '../connection/call-options.js';
import type { EngineCaller } from '../connection/engine-caller.js';
import { apiPath } from './api-path.js';
import { type LabelsFilter, toLabelFilters } from './labels-filter.js';

/** Addresses that a network gives away. */
export interface NetworkSubnet {
  /** As a CIDR. */
  readonly subnet: string;
  /** The host's address in it; absent where the engine names none. */
  readonly gateway?: string;
}

/** A network of an engine. */
export interface NetworkSummary {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly isInternal: boolean;
  readonly hasIpv6: boolean;
  readonly subnets: readonly NetworkSubnet[];
  readonly labels: Readonly<Record<string, string>>;
}

/** A container on a network; engines list those that run. */
export interface NetworkMember {
  readonly containerId: string;
  readonly name: string;
  /** Its address of IPv4, without the prefix length. */
  readonly address?: string;
}

/** A network as inspect describes it. */
export interface NetworkDescription extends NetworkSummary {
  readonly members: readonly NetworkMember[];
}

/** Networks of one engine. */
export class EngineNetworks {
  readonly #caller: EngineCaller;

  constructor(caller: EngineCaller) {
    this.#caller = caller;
  }

  /** Creates a network; the body is in the engine's own words. Resolves with its id and the engine's warning. */
  async create(
    body: Readonly<Record<string, unknown>> & { readonly Name: string },
    options?: CallOptions,
  ): Promise<{ readonly id: string; readonly warning?: string }> {
    const subject = { kind: 'network', id: body.Name } as const;
    const answer = await this.#caller.json({ method: 'POST', path: '/networks/create', subject, body }, options);
    const warning = readTextMap(answer, [])['Warning'] ?? '';
    return { id: requireText(answer, ['Id'], 'created network'), ...(warning === '' ? {} : { warning }) };
  }

  /** Describes one network. */
  async inspect(id: string, options?: CallOptions): Promise<NetworkDescription> {
    const request = { method: 'GET', path: apiPath`/networks/${id}`, subject: { kind: 'network', id } } as const;
    const answer = await this.#caller.json(request, options);
    return { ...parseNetwork(answer), members: parseMembers(answer) };
  }

  /** Lists the networks that carry the labels. */
  async list(options: CallOptions & { readonly labels?: LabelsFilter } = {}): Promise<readonly NetworkSummary[]> {
    const query = { filters: toLabelFilters(options.labels) };
    const subject = { kind: 'engine', id: 'networks' } as const;
    const answer = await this.#caller.json({ method: 'GET', path: '/networks', subject, query }, options);
    return requireList(answer, [], 'network list').map(parseNetwork);
  }

  /**
   * Puts a container on a network, under an address of its own where one is given. `endpoint` is the engine's
   * `EndpointConfig`; one that was created and is on the network already gets that instead of what it had.
   */
  async connect(
    id: string,
    containerId: string,
    options: CallOptions & { readonly address?: string; readonly endpoint?: Readonly<Record<string, unknown>> } = {},
  ): Promise<void> {
    const { address, endpoint = {}, ...rest } = options;
    const EndpointConfig = address === undefined ? endpoint : { ...endpoint, IPAMConfig: { IPv4Address: address } };
    await this.#post(id, 'connect', { Container: containerId, EndpointConfig }, rest);
  }

  /**
   * Takes a container off a network; `none` counts as one. One that does not run is not connected by its next start.
   * Never by force: for a container that is just being removed, engines (20.10) then count its endpoint for ever.
   */
  async disconnect(id: string, containerId: string, options?: CallOptions): Promise<void> {
    await this.#post(id, 'disconnect', { Container: containerId }, options);
  }

  /** Removes a network, with `force` after taking off it who is on it. That it is gone already is a success. */
  async remove(
    id: string,
    { force = false, ...options }: CallOptions & { readonly force?: boolean } = {},
  ): Promise<void> {
    if (force) await this.#clear(id, options);
    const subject = { kind: 'network', id } as const;
    await this.#caller.run({ method: 'DELETE', path: apiPath`/networks/${id}`, subject, alsoSuccess: [404] }, options);
  }

  /** Others may be at the same: whether the network can be removed is what counts. */
  async #clear(id: string, options: CallOptions): Promise<void> {
    try {
      const { members } = await this.inspect(id, options);
      await Promise.allSettled(members.map(({ containerId }) => this.disconnect(id, containerId, options)));
    } catch (error) {
      if (!hasCode(error, coreErrorCodes.engineObjectNotFound)) throw error;
    }
  }

  async #post(id: string, verb: 'connect' | 'disconnect', body: object, options?: CallOptions): Promise<void> {
    const subject = { kind: 'network', id } as const;
    const path = `${apiPath`/networks/${id}`}/${verb}`;
    await this.#caller.run({ method: 'POST', path, subject, body: { ...body } }, options);
  }
}

function parseNetwork(answer: unknown): NetworkSummary {
  return {
    id: requireText(answer, ['Id'], 'network list'),
    name: requireText(answer, ['Name'], 'network list'),
    driver: requireText(answer, ['Driver'], 'network list'),
    isInternal: readFlag(answer, ['Internal']),
    hasIpv6: readFlag(answer, ['EnableIPv6']),
    subnets: readList(answer, ['IPAM', 'Config']).flatMap(parseSubnet),
    labels: readTextMap(answer, ['Labels']),
  };
}

function parseSubnet(answer: unknown): readonly NetworkSubnet[] {
  const subnet = readText(answer, ['Subnet']) ?? '';
  const gateway = readText(answer, ['Gateway']) ?? '';
  return subnet === '' ? [] : [{ subnet, ...(gateway === '' ? {} : { gateway }) }];
}

function parseMembers(answer: unknown): readonly NetworkMember[] {
  const members = readField(answer, ['Containers']) ?? {};
  return Object.entries(members).map(([containerId, member]: readonly [string, unknown]) => {
    const address = (readText(member, ['IPv4Address']) ?? '').replace(/\/\d+$/u, '');
    return { containerId, name: readText(member, ['Name']) ?? '', ...(address === '' ? {} : { address }) };
  });
}
