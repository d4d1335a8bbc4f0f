import {
  DockerNotAvailableError,
  EnginePermissionError,
  EngineTlsError,
} from '../../errors/engine-availability-errors.js';
import type { EngineFailure } from '../../errors/engine-call-errors.js';
import {
  EngineAnswerInvalidError,
  EngineConflictError,
  EngineConnectionLostError,
  EngineResponseError,
} from '../../errors/engine-call-errors.js';
import {
  ContainerNotFoundError,
  EngineObjectNotFoundError,
  ImageNotFoundError,
} from '../../errors/not-found-errors.js';
import type { ParacleError } from '../../errors/paracle-error.js';
import { readText } from '../../reading/read-fields.js';
import type { EngineEndpoint } from '../endpoint/engine-endpoint.js';
import { toEndpointUrl } from '../endpoint/engine-endpoint.js';
import type { EngineRequest } from './engine-request.js';
import { toCallName } from './engine-request.js';
import { toTlsProblem } from './tls/to-tls-problem.js';

/** Turns an HTTP status and the engine's words into the error for that failure. */
export function toStatusError(request: EngineRequest, statusCode: number, engineMessage: string): ParacleError {
  const failure: EngineFailure = { call: toCallName(request), statusCode, engineMessage };
  if (statusCode === 409) return new EngineConflictError(failure);
  if (statusCode === 404) return toNotFoundError(request, failure);
  return new EngineResponseError(failure);
}

/** The words decide before the request does: creating a container fails with 404 when its *image* is missing. */
function toNotFoundError({ subject }: EngineRequest, failure: EngineFailure): ParacleError {
  const { engineMessage } = failure;
  if (/no such image/iu.test(engineMessage)) {
    const named = /no such image: (\S+)/iu.exec(engineMessage)?.[1];
    return new ImageNotFoundError(subject.kind === 'image' ? subject.id : (named ?? subject.id), failure);
  }
  if (/no such container/iu.test(engineMessage)) return new ContainerNotFoundError(subject.id, failure);
  return new EngineObjectNotFoundError(subject.kind, subject.id, failure);
}

/** Turns what Node says about a connection into the error for that failure. */
export function toConnectionError(request: EngineRequest, endpoint: EngineEndpoint, error: unknown): ParacleError {
  const code = readText(error, ['code']) ?? '';
  const url = toEndpointUrl(endpoint);
  if (code === 'EACCES' || code === 'EPERM') return new EnginePermissionError(url, { cause: error });
  const tlsProblem = toTlsProblem(code);
  if (tlsProblem !== undefined) {
    return new EngineTlsError(url, tlsProblem, { reason: readText(error, ['message']) ?? code, cause: error });
  }
  if (unreachable.has(code)) {
    const attempt = { strategy: 'connect', endpoint: url, reason: readText(error, ['message']) ?? code };
    return new DockerNotAvailableError([attempt], { cause: error });
  }
  if (code.startsWith('HPE_')) {
    return new EngineAnswerInvalidError(toCallName(request), 'it is not HTTP', { cause: error });
  }
  return new EngineConnectionLostError(toCallName(request), { cause: error });
}

const unreachable: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTSOCK',
  'ENOTDIR',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
]);
