import { InvalidConfigError } from '../../errors/invalid-config-error.js';
import type { EngineEndpoint, EngineTls } from './engine-endpoint.js';
import { parseSshEndpoint } from './parse-ssh-endpoint.js';

/** What {@link parseEndpoint} needs besides the text. */
export interface ParseEndpointOptions {
  /** Where the text comes from, for messages: `DOCKER_HOST`. */
  readonly source: string;
  /** Certificates that belong to it; given, a `tcp` endpoint is a TLS one. */
  readonly tls?: EngineTls | undefined;
}

const form = 'unix:///path, npipe:////./pipe/name, tcp://host:port or ssh://user@host:port/path/of.sock';

/**
 * Reads an endpoint in the form that DOCKER_HOST has.
 * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if the text is none.
 */
export function parseEndpoint(text: string, options: ParseEndpointOptions): EngineEndpoint {
  const [scheme, rest] = text.includes('://') ? splitOnce(text, '://') : ['tcp', text];
  if (scheme === 'unix' && rest !== '') return { type: 'socket', path: rest };
  if (scheme === 'npipe' && rest !== '') return { type: 'pipe', path: rest.replaceAll('/', '\\') };
  if (scheme === 'tcp' || scheme === 'http' || scheme === 'https') return parseTcp(scheme, rest, options);
  if (scheme === 'ssh') return parseSsh(rest, options);
  throw refusal(options.source);
}

function parseTcp(scheme: string, rest: string, { source, tls }: ParseEndpointOptions): EngineEndpoint {
  const url = parseHost(rest, source);
  const isTls = scheme === 'https' || tls !== undefined || url.port === '2376';
  const port = url.port === '' ? (isTls ? 2376 : 2375) : Number(url.port);
  return { type: 'tcp', host: toHost(url), port, ...(isTls ? { tls: tls ?? {} } : {}) };
}

function parseSsh(rest: string, { source }: ParseEndpointOptions): EngineEndpoint {
  const endpoint = parseSshEndpoint(parseHost(rest, source));
  if (endpoint === undefined) throw refusal(source);
  return endpoint;
}

function parseHost(rest: string, source: string): URL {
  const text = `engine://${rest}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') throw refusal(source);
  return url;
}

function toHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/gu, '');
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

/** The text itself stays out of the message: a URL may carry a password. */
function refusal(source: string): InvalidConfigError {
  return new InvalidConfigError('engine endpoint', [
    { path: source, message: `Expected ${source} to have the form ${form}.` },
  ]);
}
