import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { discoverEndpoints } from '../../../../src/engine/endpoint/discover-endpoints.js';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'paracle-home-'));
});

afterEach(async () => rm(home, { recursive: true }));

async function find(variables: Record<string, string> = {}, explicit?: string, platform = 'linux') {
  return discoverEndpoints(explicit, { variables, homeDirectory: home, platform });
}

async function writeContext(name: string, host: string): Promise<void> {
  const directory = join(home, '.docker/contexts/meta', createHash('sha256').update(name).digest('hex'));
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }));
}

async function chooseContext(name: string): Promise<void> {
  await mkdir(join(home, '.docker'), { recursive: true });
  await writeFile(join(home, '.docker/config.json'), JSON.stringify({ currentContext: name }));
}

it('prefers the option to everything, and stops there', async () => {
  const { candidates } = await find({ DOCKER_HOST: 'unix:///b' }, 'unix:///a');

  expect(candidates).toEqual([{ strategy: 'endpoint option', endpoint: { type: 'socket', path: '/a' } }]);
});

it('prefers DOCKER_HOST to the context', async () => {
  await writeContext('work', 'unix:///c');
  const { candidates, skipped } = await find({ DOCKER_HOST: 'tcp://host', DOCKER_CONTEXT: 'work' });

  expect(candidates).toEqual([{ strategy: 'DOCKER_HOST', endpoint: { type: 'tcp', host: 'host', port: 2375 } }]);
  expect(skipped).toEqual([{ strategy: 'endpoint option', reason: 'not given' }]);
});

it.each([
  ['DOCKER_CONTEXT', { DOCKER_CONTEXT: 'work' }],
  ['the config file', {}],
])('uses the context that %s names, and no other', async (_title, variables) => {
  await writeContext('work', 'unix:///c');
  await chooseContext('work');

  expect((await find(variables)).candidates).toEqual([
    { strategy: 'docker context', endpoint: { type: 'socket', path: '/c' } },
  ]);
});

it('finds the certificates of a context', async () => {
  await writeContext('work', 'tcp://host:2376');
  const directory = join(home, '.docker/contexts/tls', createHash('sha256').update('work').digest('hex'), 'docker');
  await mkdir(directory, { recursive: true });
  for (const name of ['ca.pem', 'cert.pem', 'key.pem']) await writeFile(join(directory, name), '');

  expect((await find({ DOCKER_CONTEXT: 'work' })).candidates[0]?.endpoint).toMatchObject({
    tls: {
      caPath: join(directory, 'ca.pem'),
      certificatePath: join(directory, 'cert.pem'),
      keyPath: join(directory, 'key.pem'),
    },
  });
});

it.each([
  ['DOCKER_TLS_VERIFY', { DOCKER_HOST: 'tcp://host', DOCKER_TLS_VERIFY: '1' }, '.docker'],
  ['both', { DOCKER_HOST: 'tcp://host', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: 'certificates' }, 'certificates'],
  ['the port', { DOCKER_HOST: 'tcp://host:2376', DOCKER_CERT_PATH: 'certificates' }, 'certificates'],
])('speaks TLS where %s asks for it, with the certificates that are there', async (_title, variables, folder) => {
  const directory = join(home, folder);
  await mkdir(directory, { recursive: true });
  const own = 'DOCKER_CERT_PATH' in variables ? { DOCKER_CERT_PATH: directory } : {};
  const caPath = join(directory, 'ca.pem');
  const endpoint = { type: 'tcp', host: 'host', port: 2376 };

  expect((await find({ ...variables, ...own })).candidates[0]?.endpoint).toEqual({ ...endpoint, tls: { caPath } });
  await writeFile(join(directory, 'cert.pem'), '');
  const withClient = { caPath, certificatePath: join(directory, 'cert.pem'), keyPath: join(directory, 'key.pem') };
  expect((await find({ ...variables, ...own })).candidates[0]?.endpoint).toEqual({ ...endpoint, tls: withClient });
});

it('speaks plainly where only certificates are named, as the docker command does', async () => {
  const { candidates } = await find({ DOCKER_HOST: 'tcp://host', DOCKER_CERT_PATH: home });

  expect(candidates[0]?.endpoint).toEqual({ type: 'tcp', host: 'host', port: 2375 });
});

it('refuses a chosen context that is not there, instead of using another engine', async () => {
  await expect(find({ DOCKER_CONTEXT: 'gone' })).rejects.toMatchObject({ code: 'PARACLE_CORE_CONFIG_INVALID' });
});

it('refuses a broken config file', async () => {
  await chooseContext('work');
  await writeFile(join(home, '.docker/config.json'), '{');

  await expect(find()).rejects.toMatchObject({ code: 'PARACLE_CORE_CONFIG_INVALID' });
});

it('looks at the usual sockets last, best first, and says why the rest was skipped', async () => {
  await chooseContext('default');
  await mkdir(join(home, '.docker/run'), { recursive: true });
  await writeFile(join(home, '.docker/run/docker.sock'), '');
  await writeFile(join(home, 'docker.sock'), '');
  const { candidates, skipped } = await find({ XDG_RUNTIME_DIR: home });

  const ours = candidates
    .map(({ endpoint }) => endpoint)
    .filter((endpoint) => endpoint.type === 'socket' && endpoint.path.startsWith(home));
  expect(ours).toEqual([
    { type: 'socket', path: join(home, 'docker.sock') },
    { type: 'socket', path: join(home, '.docker/run/docker.sock') },
  ]);
  expect(skipped.map(({ reason }) => reason)).toEqual(['not given', 'not set', 'the default context is chosen']);
});

it('uses the pipe on Windows', async () => {
  expect((await find({}, undefined, 'win32')).candidates[0]?.endpoint).toEqual({
    type: 'pipe',
    path: '\\\\.\\pipe\\docker_engine',
  });
});

it.each([
  ['unix:///var/run/docker.sock', { type: 'socket', path: '/var/run/docker.sock' }],
  ['npipe:////./pipe/docker_engine', { type: 'pipe', path: '\\\\.\\pipe\\docker_engine' }],
  ['127.0.0.1:2375', { type: 'tcp', host: '127.0.0.1', port: 2375 }],
  ['tcp://[::1]:99', { type: 'tcp', host: '::1', port: 99 }],
  ['tcp://host:2376', { type: 'tcp', host: 'host', port: 2376, tls: {} }],
  ['ssh://host', { type: 'ssh', host: 'host' }],
  ['ssh://me@My-box:99/', { type: 'ssh', host: 'My-box', port: 99, username: 'me' }],
  ['ssh://host/run/user/1000/docker.sock', { type: 'ssh', host: 'host', socketPath: '/run/user/1000/docker.sock' }],
  ['ssh://corp%5Cme@[::1]', { type: 'ssh', host: '::1', username: 'corp\\me' }],
])('reads %s', async (text, endpoint) => {
  expect((await find({}, text)).candidates[0]?.endpoint).toEqual(endpoint);
});

it.each([
  'unix://',
  'ftp://host',
  'tcp://',
  'tcp://host:99999',
  'ssh://',
  'ssh://-oProxyCommand=touch',
  'ssh://-oProxyCommand=touch@host',
  'ssh://%2Dl@host',
  'ssh://me:password@host',
  'ssh://me%20you@host',
  'ssh://$(id)@host',
  'ssh://me%@host',
  'ssh://host%0aname',
  'ssh://host;id',
  'ssh://host/a:b',
  'ssh://host/a%20b',
  'ssh://host/${HOME}/docker.sock',
  'ssh://host/docker.sock?x',
  'ssh://host#x',
])('refuses %s', async (text) => {
  await expect(find({}, text)).rejects.toMatchObject({ code: 'PARACLE_CORE_CONFIG_INVALID' });
});

it('keeps a password in an endpoint out of the message', async () => {
  const failure: unknown = await find({ DOCKER_HOST: 'ftp://me:hunter2@host' }).catch((error: unknown) => error);

  expect(JSON.stringify(failure)).not.toContain('hunter2');
});
