import { join } from 'node:path';
import type { DiscoveryEnvironment, EndpointStrategy } from './endpoint-strategy.js';
import type { EngineEndpoint } from './engine-endpoint.js';
import { findCertificates } from './find-certificates.js';
import { parseEndpoint } from './parse-endpoint.js';

/**
 * Uses DOCKER_HOST, with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as the docker command does, except that
 * an engine's certificate is verified without DOCKER_TLS_VERIFY, too.
 * @see https://docs.docker.com/reference/cli/docker/#environment-variables
 */
export const dockerHostStrategy: EndpointStrategy = {
  name: 'DOCKER_HOST',
  async find(environment) {
    const host = environment.variables['DOCKER_HOST'] ?? '';
    if (host === '') return { status: 'skipped', reason: 'not set' };
    return { status: 'found', endpoints: [await readEndpoint(host, environment)], isFinal: true };
  },
};

async function readEndpoint(host: string, { variables, homeDirectory }: DiscoveryEnvironment): Promise<EngineEndpoint> {
  const isTlsAsked = (variables['DOCKER_TLS_VERIFY'] ?? '') !== '';
  const named = variables['DOCKER_CERT_PATH'] ?? '';
  const endpoint = parseEndpoint(host, { source: 'DOCKER_HOST', tls: isTlsAsked ? {} : undefined });
  if (endpoint.type !== 'tcp' || endpoint.tls === undefined || (!isTlsAsked && named === '')) return endpoint;
  const directory = named === '' ? join(homeDirectory, '.docker') : named;
  return { ...endpoint, tls: { caPath: join(directory, 'ca.pem'), ...(await findCertificates(directory)) } };
}
