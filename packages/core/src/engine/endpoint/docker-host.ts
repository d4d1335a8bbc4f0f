import { join } from 'node:path';
import type { DiscoveryEnvironment, EndpointStrategy } from './endpoint-strategy.js';
import type { EngineTls } from './engine-endpoint.js';
import { parseEndpoint } from './parse-endpoint.js';

/** Uses DOCKER_HOST, with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as the docker command does. */
export const dockerHostStrategy: EndpointStrategy = {
  name: 'DOCKER_HOST',
  async find(environment) {
    const host = environment.variables['DOCKER_HOST'];
    if (host === undefined || host === '') return { status: 'skipped', reason: 'not set' };
    const endpoint = parseEndpoint(host, { source: 'DOCKER_HOST', tls: findTls(environment) });
    return { status: 'found', endpoints: [endpoint], isFinal: true };
  },
};

function findTls({ variables, homeDirectory }: DiscoveryEnvironment): EngineTls | undefined {
  if ((variables['DOCKER_TLS_VERIFY'] ?? '') === '') return undefined;
  const directory = variables['DOCKER_CERT_PATH'] ?? join(homeDirectory, '.docker');
  return {
    caPath: join(directory, 'ca.pem'),
    certificatePath: join(directory, 'cert.pem'),
    keyPath: join(directory, 'key.pem'),
  };
}
