import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiscoveryEnvironment, EndpointStrategy } from './endpoint-strategy.js';
import type { EngineEndpoint } from './engine-endpoint.js';

/** Looks where Docker Engine, rootless Docker, Docker Desktop, Colima and Rancher Desktop usually listen. */
export const usualSocketsStrategy: EndpointStrategy = {
  name: 'usual sockets',
  async find(environment) {
    if (environment.platform === 'win32') {
      return { status: 'found', endpoints: [{ type: 'pipe', path: '\\\\.\\pipe\\docker_engine' }], isFinal: false };
    }
    const paths = listUsualSockets(environment);
    const present = await Promise.all(paths.map(isPresent));
    const endpoints = paths
      .filter((_path, index) => present[index] === true)
      .map((path): EngineEndpoint => ({ type: 'socket', path }));
    if (endpoints.length === 0) return { status: 'skipped', reason: `none of ${paths.join(', ')} exists` };
    return { status: 'found', endpoints, isFinal: false };
  },
};

function listUsualSockets({ variables, homeDirectory }: DiscoveryEnvironment): readonly string[] {
  const runtimeDirectory = variables['XDG_RUNTIME_DIR'];
  return [
    '/var/run/docker.sock',
    ...(runtimeDirectory === undefined || runtimeDirectory === '' ? [] : [join(runtimeDirectory, 'docker.sock')]),
    join(homeDirectory, '.docker/run/docker.sock'),
    join(homeDirectory, '.docker/desktop/docker.sock'),
    join(homeDirectory, '.colima/default/docker.sock'),
    join(homeDirectory, '.colima/docker.sock'),
    join(homeDirectory, '.rd/docker.sock'),
  ];
}

async function isPresent(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
