import type { EndpointAttempt } from '../../errors/engine-availability-errors.js';
import { dockerContextStrategy } from './docker-context.js';
import { dockerHostStrategy } from './docker-host.js';
import type { DiscoveryEnvironment, EndpointStrategy } from './endpoint-strategy.js';
import type { EngineEndpoint } from './engine-endpoint.js';
import { createExplicitEndpointStrategy } from './explicit-endpoint.js';
import { usualSocketsStrategy } from './usual-sockets.js';

/** One endpoint worth trying. */
export interface EndpointCandidate {
  readonly strategy: string;
  readonly endpoint: EngineEndpoint;
}

/** Where an engine may be, best first, and which ways of looking found nothing. */
export interface Discovery {
  readonly candidates: readonly EndpointCandidate[];
  readonly skipped: readonly EndpointAttempt[];
}

/**
 * Looks for engines, in this order: the option, DOCKER_HOST, the docker context, the usual sockets.
 * The first way that finds something decides; nothing falls back from a named endpoint to an unnamed one.
 * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if what names an endpoint can't be read.
 */
export async function discoverEndpoints(
  explicit: EngineEndpoint | string | undefined,
  environment: DiscoveryEnvironment,
): Promise<Discovery> {
  const strategies: readonly EndpointStrategy[] = [
    createExplicitEndpointStrategy(explicit),
    dockerHostStrategy,
    dockerContextStrategy,
    usualSocketsStrategy,
  ];
  const candidates: EndpointCandidate[] = [];
  const skipped: EndpointAttempt[] = [];
  for (const strategy of strategies) {
    const result = await strategy.find(environment);
    if (result.status === 'skipped') {
      skipped.push({ strategy: strategy.name, reason: result.reason });
      continue;
    }
    candidates.push(...result.endpoints.map((endpoint) => ({ strategy: strategy.name, endpoint })));
    if (result.isFinal) break;
  }
  return { candidates, skipped };
}
