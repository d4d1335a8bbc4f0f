import {
  DockerNotAvailableError,
  type EndpointAttempt,
  EngineClosedError,
  EnginePermissionError,
  EngineSshError,
  EngineTlsError,
} from '../../errors/engine-availability-errors.js';
import type { ParacleError } from '../../errors/paracle-error.js';
import { readText } from '../../reading/read-fields.js';
import { requireText } from '../answer/require-fields.js';
import { type Discovery, discoverEndpoints } from '../endpoint/discover-endpoints.js';
import type { DiscoveryEnvironment } from '../endpoint/endpoint-strategy.js';
import type { EngineEndpoint } from '../endpoint/engine-endpoint.js';
import { toEndpointUrl } from '../endpoint/engine-endpoint.js';
import { createLink } from './create-link.js';
import { EngineConnection } from './engine-connection.js';
import type { EngineLink } from './engine-link.js';
import { negotiateApiVersion } from './negotiate-api-version.js';

/** What {@link connect} takes. */
export interface ConnectOptions {
  /** The endpoint that the caller named, if any. */
  readonly endpoint: EngineEndpoint | string | undefined;
  readonly environment: DiscoveryEnvironment;
  readonly requestTimeoutMs: number;
  /** Takes the link that is in use from now on: whoever closes the engine closes it. */
  readonly onLink: (link: EngineLink) => void;
  readonly isClosed: () => boolean;
}

/** An engine that answered. */
export interface Connected {
  readonly connection: EngineConnection;
  readonly endpoint: EngineEndpoint;
  /** The API version that is spoken. */
  readonly apiVersion: string;
}

/**
 * Finds an engine and agrees with it on an API version.
 * @throws DockerNotAvailableError, EngineTlsError, EngineSshError, EnginePermissionError, EngineEndpointUnsupportedError,
 * EngineApiVersionError, EngineTimeoutError, InvalidConfigError
 */
export async function connect(options: ConnectOptions): Promise<Connected> {
  const discovery = await discoverEndpoints(options.endpoint, options.environment);
  const failures: ParacleError[] = [];
  const attempts: EndpointAttempt[] = [...discovery.skipped];
  for (const { strategy, endpoint } of discovery.candidates) {
    try {
      return await tryEndpoint(endpoint, options);
    } catch (error) {
      if (!isUnreachable(error) || options.isClosed()) throw error;
      failures.push(error);
      attempts.push({ strategy, endpoint: toEndpointUrl(endpoint), reason: toReason(error) });
    }
  }
  throw toFailure(discovery, attempts, failures);
}

async function tryEndpoint(endpoint: EngineEndpoint, options: ConnectOptions): Promise<Connected> {
  const { requestTimeoutMs, isClosed } = options;
  const link = await createLink(endpoint, options);
  try {
    if (isClosed()) throw new EngineClosedError();
    options.onLink(link);
    const unversioned = new EngineConnection({ endpoint, link, prefix: '', requestTimeoutMs, isClosed });
    const subject = { kind: 'engine', id: 'engine' } as const;
    const version = await unversioned.json({ method: 'GET', path: '/version', subject });
    const apiVersion = negotiateApiVersion(requireText(version, ['ApiVersion'], 'GET /version'));
    const prefix = `/v${apiVersion}`;
    const connection = new EngineConnection({ endpoint, link, prefix, requestTimeoutMs, isClosed });
    return { connection, endpoint, apiVersion };
  } catch (error) {
    await link.close();
    throw error;
  }
}

/** Whether the next endpoint may be tried, and what is told in the end is where all was looked. */
function isUnreachable(error: unknown): error is ParacleError {
  if (error instanceof EngineTlsError || error instanceof EngineSshError) return false;
  return error instanceof DockerNotAvailableError || error instanceof EnginePermissionError;
}

function toReason(error: ParacleError): string {
  if (error instanceof EnginePermissionError) return 'permission denied';
  return readText(error.cause, ['message']) ?? error.message;
}

/** A socket that exists but may not be used says more than that no other one answers. */
function toFailure(
  discovery: Discovery,
  attempts: readonly EndpointAttempt[],
  failures: readonly ParacleError[],
): ParacleError {
  const denied = failures.find((failure) => failure instanceof EnginePermissionError);
  if (denied !== undefined) return denied;
  const [first] = failures;
  const cause = discovery.candidates.length > 1 ? new AggregateError(failures) : first;
  return new DockerNotAvailableError(attempts, cause === undefined ? {} : { cause });
}
