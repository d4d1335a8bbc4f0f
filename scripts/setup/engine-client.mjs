import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from './step.mjs';

/** The oldest Engine API that Paracle speaks. */
const MINIMUM_API = [1, 41];

/** Turns an endpoint (`unix://`, `npipe://`, `tcp://`, `http(s)://`) into the options of Node's http client. */
function toConnection({ host, tlsFolder }) {
  const unix = /^unix:\/\/(.+)$/.exec(host);
  if (unix) return { client: http, options: { socketPath: unix[1] } };
  const pipe = /^npipe:\/\/(.+)$/.exec(host);
  if (pipe) return { client: http, options: { socketPath: pipe[1].replaceAll('/', '\\') } };
  const remote = /^(tcp|https?):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(host);
  if (!remote) {
    throw new SetupError(
      `Expected an engine address like unix:///path or tcp://host:port, found "${host}". Set DOCKER_HOST to one of these.`,
    );
  }
  const [, scheme, name, port] = remote;
  const folder =
    tlsFolder ??
    (process.env.DOCKER_TLS_VERIFY ? (process.env.DOCKER_CERT_PATH ?? join(homedir(), '.docker')) : undefined);
  const isSecure = scheme === 'https' || folder !== undefined;
  const options = { host: name.replace(/^\[|\]$/g, ''), port: Number(port ?? (isSecure ? 2376 : 2375)) };
  if (!isSecure) return { client: http, options };
  return { client: https, options: folder === undefined ? options : { ...options, ...readTls(folder) } };
}

function readTls(folder) {
  return {
    ca: readFileSync(join(folder, 'ca.pem')),
    cert: readFileSync(join(folder, 'cert.pem')),
    key: readFileSync(join(folder, 'key.pem')),
  };
}

/** Sends a request and resolves with the answer's head; rejects after `timeoutMs` without one. */
export function request(endpoint, { method = 'GET', path, body, timeoutMs = 10_000, signal } = {}) {
  return new Promise((resolve, reject) => {
    const { client, options } = toConnection(endpoint);
    const call = client.request({ ...options, method, path, agent: false, signal });
    const timer = setTimeout(
      () => call.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      timeoutMs,
    );
    call.on('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    call.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    if (body === undefined) call.end();
    else body(call);
  });
}

/** Sends a request and reads its whole answer. */
export async function fetchText(endpoint, options) {
  const response = await request(endpoint, options);
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text };
}

/** Whether an engine answers there: `{ answers: true, version }`, or why not. */
export async function ping(endpoint, timeoutMs = 5_000) {
  try {
    const { status, text } = await fetchText(endpoint, { path: '/version', timeoutMs });
    if (status !== 200) return { answers: false, code: `HTTP ${status}`, reason: `it answered HTTP ${status}` };
    return { answers: true, ...readVersion(JSON.parse(text)) };
  } catch (error) {
    if (error instanceof SetupError) throw error;
    return { answers: false, code: error.code, reason: explain(error) };
  }
}

function readVersion({ Version: version, ApiVersion: apiVersion, Os: os, Arch: arch }) {
  const [major, minor] = String(apiVersion).split('.').map(Number);
  const isOld = major < MINIMUM_API[0] || (major === MINIMUM_API[0] && minor < MINIMUM_API[1]);
  const problem = isOld
    ? `Expected Engine API ${MINIMUM_API.join('.')} or later, found ${apiVersion} (Engine ${version})`
    : os === 'linux'
      ? undefined
      : `Expected an engine that runs Linux containers, found ${os}`;
  return { version, arch, problem };
}

function explain(error) {
  if (error.code === 'EACCES') return 'permission denied';
  if (error.code === 'ENOENT') return 'there is no such socket';
  if (error.code === 'ECONNREFUSED') return 'nothing listens there';
  if (error.code === 'ETIMEDOUT') return 'it does not answer';
  return error.message;
}
