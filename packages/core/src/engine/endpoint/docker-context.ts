import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidConfigError } from '../../errors/invalid-config-error.js';
import { readText } from '../../reading/read-fields.js';
import type { DiscoveryEnvironment, EndpointStrategy } from './endpoint-strategy.js';
import type { EngineEndpoint } from './engine-endpoint.js';
import { findCertificates } from './find-certificates.js';
import { parseEndpoint } from './parse-endpoint.js';

/**
 * Uses the docker command's current context: DOCKER_CONTEXT, or `currentContext` in its config file.
 * @see https://docs.docker.com/engine/manage-resources/contexts/ for where contexts are kept
 */
export const dockerContextStrategy: EndpointStrategy = {
  name: 'docker context',
  async find(environment) {
    const directory = environment.variables['DOCKER_CONFIG'] ?? join(environment.homeDirectory, '.docker');
    const name = await findContextName(environment, directory);
    if (name === undefined) return { status: 'skipped', reason: 'no context is chosen' };
    if (name === 'default') return { status: 'skipped', reason: 'the default context is chosen' };
    const endpoint = await readContext(directory, name);
    return { status: 'found', endpoints: [endpoint], isFinal: true };
  },
};

async function findContextName(environment: DiscoveryEnvironment, directory: string): Promise<string | undefined> {
  const named = environment.variables['DOCKER_CONTEXT'];
  if (named !== undefined && named !== '') return named;
  const config = await readJsonFile(join(directory, 'config.json'));
  const current = readText(config, ['currentContext']);
  return current === '' ? undefined : current;
}

async function readContext(directory: string, name: string): Promise<EngineEndpoint> {
  const id = createHash('sha256').update(name).digest('hex');
  const metadata = await readJsonFile(join(directory, 'contexts', 'meta', id, 'meta.json'));
  const host = readText(metadata, ['Endpoints', 'docker', 'Host']);
  if (host === undefined || host === '') {
    const message = `The docker context "${name}" is chosen but has no readable endpoint. See: docker context ls`;
    throw new InvalidConfigError('engine endpoint', [{ path: 'docker context', message }]);
  }
  const certificates = await findCertificates(join(directory, 'contexts', 'tls', id, 'docker'));
  const tls = Object.keys(certificates).length > 0 ? certificates : undefined;
  return parseEndpoint(host, { source: `docker context "${name}"`, tls });
}

/** A missing file is an answer; an unreadable or broken one is not. */
async function readJsonFile(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (readText(error, ['code']) === 'ENOENT') return undefined;
    const issue = { path, message: `Expected ${path} to be a readable JSON file.` };
    throw new InvalidConfigError('docker configuration', [issue], { cause: error });
  }
}
