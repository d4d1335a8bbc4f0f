import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { buildPackage, waitUntil } from '@paracle/test-support';
import { createEcho, echoByExec, readOutput } from './support/echo-container.js';
import { failureOf } from './support/failure-of.js';
import { findLocalSocket } from './support/local-socket.js';
import { isAlive, listTunnelDirectories, listTunnelProcesses } from './support/ssh-processes.js';
import { createSshServer, type SshServer } from './support/ssh-server.js';

const PING = fileURLToPath(new URL('support/ping.mjs', import.meta.url));
const path = process.env['PATH'];
let server: SshServer;
let socketPath: string;
let directoriesBefore: readonly string[];

beforeAll(async () => {
  buildPackage('core');
  socketPath = await findLocalSocket();
  server = await createSshServer();
});

afterAll(async () => server[Symbol.asyncDispose]());

beforeEach(async () => {
  process.env['PATH'] = `${server.clientDirectory}:${path}`;
  directoriesBefore = await listTunnelDirectories();
});

afterEach(async () => {
  process.env['PATH'] = path;
  await server.configureClient();
});

function createEngine(change: { readonly socketPath?: string; readonly port?: number } = {}): Engine {
  const { port, username } = server;
  return new Engine({
    endpoint: { type: 'ssh', host: '127.0.0.1', port, username, socketPath, ...change },
    requestTimeoutMs: 20_000,
  });
}

async function findSsh(): Promise<number> {
  const [first] = (await listTunnelProcesses(server.port)).filter(({ kind }) => kind === 'ssh');
  if (first === undefined) throw new Error('Expected an ssh process');
  return first.id;
}

async function findNewDirectories(): Promise<readonly string[]> {
  return (await listTunnelDirectories()).filter((name) => !directoriesBefore.includes(name));
}

async function expectNothingLeft(): Promise<void> {
  expect(await listTunnelProcesses(server.port)).toEqual([]);
  expect(await findNewDirectories()).toEqual([]);
}

it('reaches an engine by the URL of its socket on another machine', async () => {
  const { username, port } = server;
  await using engine = new Engine({ endpoint: `ssh://${username}@127.0.0.1:${port}${socketPath}` });

  expect((await engine.connect()).endpoint).toEqual({ type: 'ssh', host: '127.0.0.1', port, username, socketPath });
  await engine.system.ping();
});

it('keeps its socket where only this user can reach it, and leaves no process and no file when closed', async () => {
  const engine = createEngine();
  await engine.system.ping();
  const [directory = ''] = await findNewDirectories();
  const { mode } = await stat(join(tmpdir(), directory));

  expect(mode & 0o777).toBe(0o700);
  expect((await listTunnelProcesses(server.port)).map(({ kind }) => kind)).toEqual(['ssh', 'keeper']);
  await engine.close();
  await expectNothingLeft();
  await engine.close();
});

it('attaches to a container and ends what it sends', async () => {
  await using engine = createEngine();
  await using echo = await createEcho(engine);
  const stream = await engine.containers.attach(echo.id);
  stream.write('hello');

  expect((await readOutput(stream, 5)).toString()).toBe('hello');
  stream.destroy();
  const { stream: ended } = await engine.exec.start(echo.id, {
    command: ['sh', '-c', 'cat > /dev/null; echo all read'],
  });
  ended.end();
  expect((await readOutput(ended, 'all read\n'.length)).toString()).toBe('all read\n');
});

it('carries thirty raw streams at once in one ssh connection', async () => {
  await using engine = createEngine();
  await using echo = await createEcho(engine);
  const streams = await Promise.all(
    Array.from({ length: 30 }, async () => engine.exec.start(echo.id, { command: ['cat'] })),
  );
  const texts = streams.map((_stream, index) => `text ${index}`);
  for (const [index, { stream }] of streams.entries()) stream.write(texts[index] ?? '');
  const answers = await Promise.all(
    streams.map(async ({ stream }, index) => readOutput(stream, texts[index]?.length ?? 0)),
  );

  expect(answers.map(String)).toEqual(texts);
  expect((await listTunnelProcesses(server.port)).filter(({ kind }) => kind === 'ssh')).toHaveLength(1);
  for (const { stream } of streams) stream.destroy();
});

it('fails the calls under way when ssh dies, and connects anew for the next', async () => {
  await using engine = createEngine();
  await using echo = await createEcho(engine);
  const attached = await engine.containers.attach(echo.id);
  attached.receive(() => undefined);
  const waiting = failureOf(engine.containers.wait(echo.id));
  await engine.system.ping();
  const first = await findSsh();
  process.kill(first, 'SIGKILL');

  expect(await waiting).toMatchObject({ code: 'PARACLE_ENGINE_CONNECTION_LOST' });
  await attached.closed;
  expect(await echoByExec(engine, echo.id, 'again')).toBe('again');
  expect(await findSsh()).not.toBe(first);
  expect(await findNewDirectories()).toHaveLength(1);
});

it('ends ssh with what guards it', async () => {
  await using engine = createEngine();
  await engine.system.ping();
  const first = await findSsh();
  const keeper = (await listTunnelProcesses(server.port)).find(({ kind }) => kind === 'keeper');
  process.kill(keeper?.id ?? 0, 'SIGKILL');

  await waitUntil('ssh has ended', async () => !(await isAlive(first)));
  await waitUntil('nothing is left', async () => (await findNewDirectories()).length === 0);
  await engine.system.ping();
  expect(await findSsh()).not.toBe(first);
});

function startChild(end: 'stay' | 'leave'): ChildProcess {
  const endpoint = { type: 'ssh', host: '127.0.0.1', port: server.port, username: server.username, socketPath };
  return spawn(process.execPath, [PING, JSON.stringify(endpoint), end], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: process.env,
  });
}

it('leaves no process and no file when the controller is killed', async () => {
  const child = startChild('stay');
  const exited = once(child, 'exit');
  if (child.stdout === null) throw new Error('Expected an output');
  expect(String((await once(child.stdout, 'data'))[0])).toBe('answered\n');
  expect(await listTunnelProcesses(server.port)).toHaveLength(2);
  child.kill('SIGKILL');
  await exited;

  await waitUntil('nothing is left', async () => (await listTunnelProcesses(server.port)).length === 0);
  await waitUntil('no file is left', async () => (await findNewDirectories()).length === 0);
});

it('does not keep a controller alive that has forgotten to close, and leaves nothing then', async () => {
  expect(await once(startChild('leave'), 'exit')).toEqual([0, null]);
  await waitUntil('nothing is left', async () => (await listTunnelProcesses(server.port)).length === 0);
  await waitUntil('no file is left', async () => (await findNewDirectories()).length === 0);
});

it('gives a connection up that is being made when it is closed', async () => {
  const engine = createEngine();
  const failure = failureOf(engine.system.ping());
  await waitUntil('ssh was started', async () => (await listTunnelProcesses(server.port)).length > 0);
  await engine.close();

  expect(await failure).toMatchObject({ code: 'PARACLE_ENGINE_CLOSED' });
  await expectNothingLeft();
});

it('refuses a host whose key is not known', async () => {
  await server.configureClient('no-known-host');
  await using engine = createEngine();

  expect(await failureOf(engine.system.ping())).toMatchObject({
    name: 'EngineSshError',
    code: 'PARACLE_ENGINE_NOT_AVAILABLE',
    details: { problem: 'host-key', words: expect.stringContaining('Host key verification failed') },
  });
  await expectNothingLeft();
});

it('says that the login was refused, and connects once it is not', async () => {
  await server.configureClient('no-key');
  await using engine = createEngine();

  expect(await failureOf(engine.system.ping())).toMatchObject({
    details: { problem: 'login-refused', words: expect.stringContaining('Permission denied') },
  });
  await server.configureClient();
  await engine.system.ping();
});

it('says that the other machine has no such socket', async () => {
  await using engine = createEngine({ socketPath: '/run/nowhere/docker.sock' });

  expect(await failureOf(engine.system.ping())).toMatchObject({
    details: { problem: 'socket-unreachable', words: expect.stringContaining('open failed') },
  });
  await expectNothingLeft();
});

it('says that the other machine does not forward sockets', async () => {
  await using strict = await createSshServer({ forwarding: 'no' });
  process.env['PATH'] = `${strict.clientDirectory}:${path}`;
  await using engine = createEngine({ port: strict.port });

  expect(await failureOf(engine.system.ping())).toMatchObject({
    details: { problem: 'socket-unreachable', words: expect.stringContaining('open failed') },
  });
});

it('says that nothing listens there', async () => {
  await using engine = createEngine({ port: 1 });

  expect(await failureOf(engine.system.ping())).toMatchObject({ details: { problem: 'host-unreachable' } });
});

it('says that there is no ssh command', async () => {
  process.env['PATH'] = '/nowhere';
  await using engine = createEngine();

  expect(await failureOf(engine.system.ping())).toMatchObject({ details: { problem: 'ssh-missing' } });
  await expectNothingLeft();
});
