import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ping } from './engine-client.mjs';
import { SetupError } from './step.mjs';

const REMEDY =
  'Start that engine, or name another one in DOCKER_HOST (unix:///path/to/docker.sock), or unset it to let this set-up look for one.';

/**
 * Looks for an engine that answers, in the order of `@paracle/core`: DOCKER_HOST, the docker context, the usual sockets.
 * A named one that does not answer is an error; of the usual sockets all are tried.
 */
export async function findEngine() {
  const named = namedEndpoint();
  if (named !== undefined) return await requireAnswer(named);
  const attempts = [];
  for (const host of usualSockets()) {
    const answer = await ping({ host });
    if (answer.answers) return { status: 'found', endpoint: { host }, source: host, ...check(answer, host) };
    attempts.push({ host, ...answer });
  }
  return { status: 'none', attempts };
}

async function requireAnswer({ source, ...endpoint }) {
  if (endpoint.host.startsWith('ssh://')) {
    throw new SetupError(`${source} names ${endpoint.host}: engines over SSH are not supported yet. ${REMEDY}`);
  }
  const answer = await ping(endpoint);
  if (answer.answers) return { status: 'found', endpoint, source, ...check(answer, source) };
  throw new SetupError(`${source} names ${endpoint.host}, but no engine answers there: ${answer.reason}.\n${REMEDY}`);
}

function check({ version, arch, problem }, source) {
  if (problem !== undefined) throw new SetupError(`${problem} at ${source}. ${REMEDY}`);
  return { version, arch };
}

function namedEndpoint() {
  if (process.env.DOCKER_HOST) return { source: 'DOCKER_HOST', host: process.env.DOCKER_HOST };
  const folder = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker');
  const name = process.env.DOCKER_CONTEXT || readJson(join(folder, 'config.json'))?.currentContext;
  if (!name || name === 'default') return undefined;
  const id = createHash('sha256').update(name).digest('hex');
  const source = `The docker context "${name}"`;
  const host = readJson(join(folder, 'contexts', 'meta', id, 'meta.json'))?.Endpoints?.docker?.Host;
  if (!host) throw new SetupError(`${source} is chosen but has no readable endpoint. See: docker context ls`);
  const tlsFolder = join(folder, 'contexts', 'tls', id, 'docker');
  return { source, host, ...(existsSync(tlsFolder) && { tlsFolder }) };
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw new SetupError(`Expected ${path} to be a readable JSON file: ${error.message}`);
  }
}

function usualSockets() {
  const home = homedir();
  const runtime = process.env.XDG_RUNTIME_DIR;
  const paths = [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.colima/docker.sock'),
    join(home, '.rd/docker.sock'),
  ];
  return paths.filter((path) => existsSync(path)).map((path) => `unix://${path}`);
}
