import type { EndpointStrategy } from './endpoint-strategy.js';
import type { EngineEndpoint } from './engine-endpoint.js';
import { parseEndpoint } from './parse-endpoint.js';

/** Uses the endpoint that the caller's options name. */
export function createExplicitEndpointStrategy(endpoint: EngineEndpoint | string | undefined): EndpointStrategy {
  return {
    name: 'endpoint option',
    async find() {
      if (endpoint === undefined) return { status: 'skipped', reason: 'not given' };
      const parsed = typeof endpoint === 'string' ? parseEndpoint(endpoint, { source: '`endpoint`' }) : endpoint;
      return { status: 'found', endpoints: [parsed], isFinal: true };
    },
  };
}
