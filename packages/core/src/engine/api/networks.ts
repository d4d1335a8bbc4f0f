import { readTextMap } from '../../reading/read-fields.js';
import { requireList, requireText } from '../answer/require-fields.js';
import type { CallOptions } from '../connection/call-options.js';
import type { EngineCaller } from '../connection/engine-caller.js';
import { apiPath } from './api-path.js';
import { type LabelsFilter, toLabelFilters } from './labels-filter.js';

/** A network of an engine. */
export interface NetworkSummary {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
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

  /** Lists the networks that carry the labels. */
  async list(options: CallOptions & { readonly labels?: LabelsFilter } = {}): Promise<readonly NetworkSummary[]> {
    const query = { filters: toLabelFilters(options.labels) };
    const subject = { kind: 'engine', id: 'networks' } as const;
    const answer = await this.#caller.json({ method: 'GET', path: '/networks', subject, query }, options);
    return requireList(answer, [], 'network list').map(parseNetwork);
  }

  /** Removes a network. That it is gone already is a success. */
  async remove(id: string, options?: CallOptions): Promise<void> {
    const subject = { kind: 'network', id } as const;
    await this.#caller.run({ method: 'DELETE', path: apiPath`/networks/${id}`, subject, alsoSuccess: [404] }, options);
  }
}

function parseNetwork(answer: unknown): NetworkSummary {
  return {
    id: requireText(answer, ['Id'], 'network list'),
    name: requireText(answer, ['Name'], 'network list'),
    driver: requireText(answer, ['Driver'], 'network list'),
    labels: readTextMap(answer, ['Labels']),
  };
}
