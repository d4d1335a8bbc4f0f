import type { IncomingMessage } from 'node:http';
import { addAbortSignal, type Duplex, type Readable } from 'node:stream';
import { EngineClosedError } from '../../errors/engine-availability-errors.js';
import { EngineAnswerInvalidError, EngineTimeoutError } from '../../errors/engine-call-errors.js';
import { ParacleError } from '../../errors/paracle-error.js';
import { readText } from '../../reading/read-fields.js';
import type { EngineEndpoint } from '../endpoint/engine-endpoint.js';
import type { CallOptions } from './call-options.js';
import type { Dial, DialAnswer } from './dial.js';
import type { EngineCaller } from './engine-caller.js';
import type { EngineRequest } from './engine-request.js';
import { toCallName } from './engine-request.js';
import { parseBody, readBody } from './read-body.js';
import { toConnectionError, toStatusError } from './to-engine-error.js';
import { withDeadline } from './with-deadline.js';

/** What a connection is made of. */
export interface EngineConnectionOptions {
  readonly endpoint: EngineEndpoint;
  readonly dial: Dial;
  /** The version prefix: `/v1.41`; empty before it is known. */
  readonly prefix: string;
  readonly requestTimeoutMs: number;
  /** Whether the engine was closed meanwhile: that then is why a call broke. */
  readonly isClosed: () => boolean;
}

type LiveAnswer = Exclude<DialAnswer, { readonly type: 'failed' }>;

/** Calls one engine: every request passes through one function, which limits its time and types its failures. */
export class EngineConnection implements EngineCaller {
  readonly #options: EngineConnectionOptions;

  constructor(options: EngineConnectionOptions) {
    this.#options = options;
  }

  async json(request: EngineRequest, options: CallOptions = {}): Promise<unknown> {
    const call = toCallName(request);
    return this.#call(request, options, false, async (answer) =>
      parseBody(await readBody(toResponse(answer, call), call), call),
    );
  }

  async run(request: EngineRequest, options: CallOptions = {}): Promise<void> {
    const call = toCallName(request);
    await this.#call(request, options, false, async (answer) => readBody(toResponse(answer, call), call));
  }

  async stream(request: EngineRequest, options: CallOptions = {}): Promise<Readable> {
    return this.#call(request, options, false, async (answer) => {
      const response = toResponse(answer, toCallName(request));
      return options.signal === undefined ? response : addAbortSignal(options.signal, response);
    });
  }

  async hijack(request: EngineRequest, options: CallOptions = {}): Promise<Duplex> {
    return this.#call(request, options, true, async (answer) => {
      if (answer.type === 'upgraded') return answer.stream;
      answer.response.destroy();
      throw new EngineAnswerInvalidError(toCallName(request), 'the engine did not upgrade the connection');
    });
  }

  async #call<Result>(
    request: EngineRequest,
    options: CallOptions,
    isHijacked: boolean,
    finish: (answer: LiveAnswer) => Promise<Result>,
  ): Promise<Result> {
    const { dial, prefix, requestTimeoutMs } = this.#options;
    const work = async (signal: AbortSignal): Promise<Result> => {
      try {
        const answer = await dial(request, { prefix, isHijacked, signal });
        if (answer.type === 'failed') throw this.#toError(request, answer.error);
        await rejectFailure(request, answer);
        return await finish(answer);
      } catch (error) {
        throw this.#toError(request, error);
      }
    };
    return withDeadline(work, {
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? requestTimeoutMs,
      createTimeoutError: (timeoutMs) => new EngineTimeoutError(toCallName(request), timeoutMs),
    });
  }

  #toError(request: EngineRequest, error: unknown): ParacleError {
    if (ParacleError.isInstance(error)) return error;
    if (this.#options.isClosed()) return new EngineClosedError();
    return toConnectionError(request, this.#options.endpoint, error);
  }
}

async function rejectFailure(request: EngineRequest, answer: LiveAnswer): Promise<void> {
  if (answer.type === 'upgraded') return;
  const { statusCode = 0 } = answer.response;
  if ((statusCode >= 200 && statusCode < 300) || request.alsoSuccess?.includes(statusCode) === true) return;
  const text = await readBody(answer.response, toCallName(request));
  throw toStatusError(request, statusCode, toEngineMessage(text, statusCode));
}

/** The engine answers with `{"message": …}`; a proxy in front of it may answer with anything. */
function toEngineMessage(text: string, statusCode: number): string {
  try {
    const message = readText(JSON.parse(text), ['message']);
    if (message !== undefined) return message.trim();
  } catch {
    // Not JSON: the text itself is all there is.
  }
  const words = text.trim().slice(0, 500);
  return words === '' ? `status ${statusCode} without a message` : words;
}

function toResponse(answer: LiveAnswer, call: string): IncomingMessage {
  if (answer.type === 'response') return answer.response;
  answer.stream.destroy();
  throw new EngineAnswerInvalidError(call, 'the engine upgraded the connection without being asked');
}
