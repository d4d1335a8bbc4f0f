import type { Agent } from 'node:http';
import { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import type { EngineEndpoint } from '../endpoint/engine-endpoint.js';
import type { EngineRequest } from './engine-request.js';

/** What comes back from the wire: an answer whose body is still to be read, an upgraded connection, or a failure to connect. */
export type DialAnswer =
  | { readonly type: 'response'; readonly response: IncomingMessage }
  | { readonly type: 'upgraded'; readonly stream: Duplex }
  | { readonly type: 'failed'; readonly error: unknown };

/** How a request is sent. */
export interface DialOptions {
  /** The version prefix: `/v1.41`; empty before it is known. */
  readonly prefix: string;
  /** Whether the connection is to become a raw stream. */
  readonly isHijacked: boolean;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/** Sends one request. */
export type Dial = (request: EngineRequest, options: DialOptions) => Promise<DialAnswer>;

/** Every status is an answer: the caller judges it, with the engine's own words at hand. */
const everyStatus: Readonly<Record<number, boolean>> = Object.fromEntries(
  Array.from({ length: 500 }, (_value, index) => [index + 100, true]),
);

/** Loads dockerode (90 ms, so only now) and makes a {@link Dial} for an endpoint. */
export async function createDial(endpoint: EngineEndpoint, agent: Agent): Promise<Dial> {
  const { default: Docker } = await import('dockerode');
  // Boundary: dockerode types its modem as `any`; this is the part of it that is used.
  const options = { ...noDefaults, ...toModemOptions(endpoint), agent };
  const modem: Modem = new Docker(options).modem;
  return (request, dialOptions) =>
    new Promise((resolve) => {
      modem.dial(toModemRequest(request, dialOptions), (error, answer) => {
        if (dialOptions.signal.aborted) discard(answer);
        if (answer instanceof IncomingMessage) resolve({ type: 'response', response: answer });
        else if (answer instanceof Duplex) resolve({ type: 'upgraded', stream: answer });
        else resolve({ type: 'failed', error });
      });
    });
}

interface Modem {
  dial(request: object, callback: (error: unknown, answer: unknown) => void): void;
}

/** docker-modem fills whatever is missing from DOCKER_HOST and its relatives; the endpoint was chosen already. */
const noDefaults = {
  host: undefined,
  port: undefined,
  socketPath: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
  timeout: undefined,
  protocol: 'http',
} as const;

function toModemOptions(endpoint: EngineEndpoint): { socketPath: string } | { host: string; port: number } {
  switch (endpoint.type) {
    case 'socket':
    case 'pipe':
      return { socketPath: endpoint.path };
    case 'tcp':
    case 'ssh':
      return { host: endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host, port: endpoint.port };
  }
}

function toModemRequest(request: EngineRequest, options: DialOptions): object {
  const query = Object.entries(request.query ?? {}).filter(([, value]) => value !== undefined);
  return {
    method: request.method,
    path: `${options.prefix}${request.path}?`,
    options: { _query: Object.fromEntries(query), _body: request.body ?? {} },
    isStream: true,
    statusCodes: everyStatus,
    abortSignal: options.signal,
    ...(request.archive === undefined ? {} : { file: toFile(request.archive) }),
    ...(options.isHijacked ? { hijack: true } : {}),
  };
}

function toFile(archive: NonNullable<EngineRequest['archive']>): object {
  return archive instanceof Uint8Array ? Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength) : archive;
}

function discard(answer: unknown): void {
  if (answer instanceof Duplex || answer instanceof IncomingMessage) answer.destroy();
}
