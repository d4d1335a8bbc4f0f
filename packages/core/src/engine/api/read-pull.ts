import type { Readable } from 'node:stream';
import { EngineConnectionLostError } from '../../errors/engine-call-errors.js';
import { ParacleError } from '../../errors/paracle-error.js';
import { readNumber, readText } from '../../reading/read-fields.js';
import { readLines } from '../answer/read-lines.js';
import type { EngineRequest } from '../connection/engine-request.js';
import { toCallName } from '../connection/engine-request.js';
import { parseBody } from '../connection/read-body.js';
import { toStatusError } from '../connection/to-engine-error.js';

/** One step of a pull, as the engine reports it. */
export interface PullProgress {
  /** The engine's words: `Downloading`, `Pull complete`, … */
  readonly status: string;
  /** The layer it is about. */
  readonly layerId?: string;
  readonly currentBytes?: number;
  readonly totalBytes?: number;
}

/** What {@link readPull} needs besides the stream. */
export interface ReadPullOptions {
  readonly request: EngineRequest;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
}

/**
 * Follows a pull to its end. The status was 200 long before: a failure comes as a line of its own.
 * @throws EngineResponseError, or EngineConnectionLostError if the stream breaks.
 */
export async function readPull(stream: Readable, options: ReadPullOptions): Promise<void> {
  const { request, signal, onProgress } = options;
  try {
    for await (const line of readLines(stream, toCallName(request))) {
      const step = parseBody(line, toCallName(request));
      const failure = readText(step, ['error']);
      if (failure !== undefined)
        throw toStatusError(request, readNumber(step, ['errorDetail', 'code']) ?? 500, failure);
      onProgress?.(toProgress(step));
    }
  } catch (error) {
    stream.destroy();
    signal?.throwIfAborted();
    throw ParacleError.isInstance(error) ? error : new EngineConnectionLostError(toCallName(request), { cause: error });
  }
}

function toProgress(step: unknown): PullProgress {
  const layerId = readText(step, ['id']);
  const currentBytes = readNumber(step, ['progressDetail', 'current']);
  const totalBytes = readNumber(step, ['progressDetail', 'total']);
  return {
    status: readText(step, ['status']) ?? '',
    ...(layerId === undefined ? {} : { layerId }),
    ...(currentBytes === undefined ? {} : { currentBytes }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
  };
}
