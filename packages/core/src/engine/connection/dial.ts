import type { Agent } from 'node:http';
import { IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import type { EngineRequest } from './engine-request.js';
import type { SocketTarget } from './socket-target.js';

/** How a request is sent. */
export interface DialOptions {
  /** The version prefix: `/v1.41`; empty before it is known. */
  readonly prefix: string;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/** Sends one request; resolves with the answer, whatever its status, whose body is still to be read. */
export type Dial = (request: EngineRequest, options: DialOptions) => Promise<IncomingMessage>;

/** Every status is an answer: the caller judges it, with the engine's own words at hand. */
const everyStatus: Readonly<Record<number, boolean>> = Object.fromEntries(
  Array.from({ length: 500 }, (_value, index) => [index + 100, true]),
);

/** Loads dockerode (90 ms, so only now) and makes a {@link Dial}. Where TLS is spoken, the agent brings the certificates. */
export async function createDial(target: SocketTarget, agent: Agent): Promise<Dial> {
  const { default: Docker } = await import('dockerode');
  // docker-modem prints each request for a debug log, read or not: with the agent go its sockets, and all that these lead to.
  // A link that reconnects comes here again with the same agent.
  Object.defineProperty(agent, inspect.custom, { value: () => 'Agent', configurable: true });
  // Boundary: dockerode types its modem as `any`; this is the part of it that is used.
  const options = { ...noDefaults, ...toModemOptions(target), agent };
  const modem: Modem = new Docker(options).modem;
  return (request, dialOptions) =>
    new Promise((resolve, reject) => {
      modem.dial(toModemRequest(request, dialOptions), (error, answer) => {
        if (answer instanceof IncomingMessage) {
          if (dialOptions.signal.aborted) answer.destroy();
          resolve(answer);
        } else {
          reject(error ?? new Error('The engine gave no answer'));
        }
      });
    });
}

interface Modem {
  dial(request: object, callback: (error: Error | null, answer: unknown) => void): void;
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

function toModemOptions(target: SocketTarget): object {
  if ('path' in target) return { socketPath: target.path };
  const { host, port, tls } = target;
  return { host: host.includes(':') ? `[${host}]` : host, port, protocol: tls === undefined ? 'http' : 'https' };
}

function toModemRequest(request: EngineRequest, options: DialOptions): object {
  const query = Object.entries(request.query ?? {}).filter(([, value]) => value !== undefined);
  const isBytes = ([, value]: readonly [string, unknown]): boolean => value instanceof Uint8Array;
  return {
    method: request.method,
    // docker-modem takes bytes for an object.
    path: `${options.prefix}${request.path}?${query.filter(isBytes).map(toParameter).join('')}`,
    options: { _query: Object.fromEntries(query.filter((entry) => !isBytes(entry))), _body: request.body ?? {} },
    isStream: true,
    statusCodes: everyStatus,
    abortSignal: options.signal,
    ...(request.archive === undefined ? {} : { file: toFile(request.archive) }),
  };
}

function toParameter([name, value]: readonly [string, unknown]): string {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : '';
  const escape = (character: string): string => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `${name}=${text.replaceAll(/[^\w./-]/gu, escape)}&`;
}

function toFile(archive: NonNullable<EngineRequest['archive']>): object {
  return archive instanceof Uint8Array ? Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength) : archive;
}
