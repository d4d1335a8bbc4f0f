import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Engine, type EngineTls } from '@paracle/core';
import { buildPackage } from '@paracle/test-support';
import { hijack } from '../../src/engine/connection/hijack.js';
import { readTrust } from '../../src/engine/connection/tls/read-trust.js';
import { readNumber } from '../../src/reading/read-fields.js';
import { type Certificates, createCertificates } from './support/certificates.js';
import { createEcho, readOutput } from './support/echo-container.js';
import { failureOf } from './support/failure-of.js';
import { findLocalSocket } from './support/local-socket.js';
import { createTlsProxy, type TlsProxy, type TlsProxyOptions } from './support/tls-proxy.js';

const PING = fileURLToPath(new URL('support/ping.mjs', import.meta.url));

let certificates: Certificates;
let socketPath: string;

beforeAll(async () => {
  certificates = await createCertificates();
  socketPath = await findLocalSocket();
});

afterAll(async () => certificates[Symbol.asyncDispose]());

async function startProxy(options: Partial<TlsProxyOptions> = {}): Promise<TlsProxy> {
  return createTlsProxy({ socketPath, server: certificates.server, ca: certificates.ca, ...options });
}

function goodTls(): EngineTls {
  const { ca, client } = certificates;
  return { caPath: ca, certificatePath: client.certificate, keyPath: client.key };
}

function createEngine({ port }: TlsProxy, tls: EngineTls = goodTls(), host = '127.0.0.1'): Engine {
  return new Engine({ endpoint: { type: 'tcp', host, port, tls }, requestTimeoutMs: 20_000 });
}

it.each(['127.0.0.1', 'localhost'])('speaks TLS with an engine at %s, on a connection that is kept', async (host) => {
  await using proxy = await startProxy();
  await using engine = createEngine(proxy, goodTls(), host);
  await engine.system.ping();
  await engine.system.ping();

  expect((await engine.connect()).endpoint).toMatchObject({ type: 'tcp', host });
  expect(proxy.connectionCount()).toBe(1);
});

it.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'attaches to a container by %s, and ends what it sends',
  async (maxVersion) => {
    await using proxy = await startProxy({ maxVersion });
    await using engine = createEngine(proxy);
    await using echo = await createEcho(engine);
    const stream = await engine.containers.attach(echo.id);
    const sent = randomBytes(2 * 1024 * 1024);

    stream.write(sent);

    expect((await readOutput(stream, sent.length)).equals(sent)).toBe(true);
    stream.destroy();
  },
);

it('ends a command’s input and still receives what it writes then', async () => {
  await using proxy = await startProxy();
  await using engine = createEngine(proxy);
  await using echo = await createEcho(engine);
  const { stream } = await engine.exec.start(echo.id, { command: ['sh', '-c', 'cat > /dev/null; echo all read'] });
  stream.write('something');
  stream.end();

  expect((await readOutput(stream, 'all read\n'.length)).toString()).toBe('all read\n');
  expect(await stream.closed).toBeUndefined();
});

it('tells an engine whose authority is another one nothing, by request or by raw stream', async () => {
  await using proxy = await startProxy();
  await using engine = createEngine(proxy, { ...goodTls(), caPath: certificates.otherCa });
  const refused = {
    name: 'EngineTlsError',
    code: 'PARACLE_ENGINE_NOT_AVAILABLE',
    details: { problem: 'authority-unknown' },
  };

  expect(await failureOf(engine.system.ping())).toMatchObject(refused);
  const { port } = proxy;
  const target = { host: '127.0.0.1', port, tls: await readTrust({ ...goodTls(), caPath: certificates.otherCa }) };
  const request = { method: 'POST', path: '/containers/x/attach', subject: { kind: 'container', id: 'x' } } as const;
  const options = { prefix: '', signal: new AbortController().signal };
  expect(await failureOf(hijack(target, request, options))).toMatchObject({
    code: expect.stringMatching(/^CERT_SIGNATURE_FAILURE$|^SELF_SIGNED_CERT_IN_CHAIN$/u),
  });
  expect(proxy.receivedByteCount()).toBe(0);
});

it('verifies where the environment asks Node not to', async () => {
  buildPackage('core');
  await using proxy = await startProxy();
  const endpoint = {
    type: 'tcp',
    host: '127.0.0.1',
    port: proxy.port,
    tls: { ...goodTls(), caPath: certificates.otherCa },
  };
  const { stdout } = await promisify(execFile)(process.execPath, [PING, JSON.stringify(endpoint)], {
    env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  });

  expect(stdout).toContain('authority-unknown');
  expect(proxy.receivedByteCount()).toBe(0);
});

it('refuses a certificate that is for another host', async () => {
  await using proxy = await startProxy({ server: certificates.serverElsewhere });
  await using engine = createEngine(proxy);

  expect(await failureOf(engine.system.ping())).toMatchObject({ details: { problem: 'name-mismatch' } });
});

it.each(['TLSv1.2', 'TLSv1.3'] as const)('says by %s that a client certificate is missing', async (maxVersion) => {
  await using proxy = await startProxy({ maxVersion });
  await using engine = createEngine(proxy, { caPath: certificates.ca });

  expect(await failureOf(engine.system.ping())).toMatchObject({
    code: 'PARACLE_ENGINE_NOT_AVAILABLE',
    details: { problem: 'client-certificate-refused' },
  });
});

it('says that a port does not speak TLS', async () => {
  const plain = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const port = readNumber(plain.address(), ['port']) ?? 0;
  await using engine = new Engine({ endpoint: { type: 'tcp', host: '127.0.0.1', port, tls: goodTls() } });

  expect(await failureOf(engine.system.ping())).toMatchObject({ details: { problem: 'no-tls' } });
  plain.close();
});
