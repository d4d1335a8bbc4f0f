import type { IncomingMessage } from 'node:http';
import { addAbortSignal, type Readable } from 'node:stream';
import { EngineClosedError } from '../../errors/engine-availability-errors.js';
import { EngineAnswerInvalidError, EngineTimeoutError } from '../../errors/engine-call-errors.js';
import { ParacleError } from '../../errors/paracle-error.js';
import { readText } from '../../reading/read-fields.js';
import type { EngineEndpoint } from '../endpoint/engine-endpoint.js';
import type { CallOptions } from './call-options.js';
import type { EngineCaller } from './engine-caller.js';
import type { EngineLink } from './engine-link.js';
import type { EngineRequest } from './engine-request.js';
import { toCallName } from './engine-request.js';
import { hijack } from './hijack.js';
import type { HijackedStream } from './hijacked-stream.js';
import { parseBody, readBody } from './read-body.js';
import { toConnectionError, toStatusError } from './to-engine-error.js';
import { withDeadline } from './with-deadline.js';

/** What a connection is made of. */
export interface EngineConnectionOptions {
  readonly endpoint: EngineEndpoint;
  readonly link: EngineLink;
  /** The version prefix: `/v1.41`; empty before it is known. */
  readonly prefix: string;
  readonly requestTimeoutMs: number;
  /** Whether the engine was closed meanwhile: that then is why a call broke. */
  readonly isClosed: () => boolean;
}

/** Calls one engine: every request passes through one function, which limits its time and types its failures. */
export class EngineConnection implements EngineCaller {
  readonly #options: EngineConnectionOptions;

  constructor(options: EngineConnectionOptions) {
    this.#options = options;
  }

  async json(request: EngineRequest, options: CallOptions = {}): Promise<unknown> {
    const call = toCallName(request);
    return this.#call(request, options, async (signal) =>
      parseBody(await readBody(await this.#send(request, signal), call), call),
    );
  }

  async run(request: EngineRequest, options: CallOptions = {}): Promise<void> {
    await this.#call(request, options, async (signal) =>
      readBody(await this.#send(request, signal), toCallName(request)),
    );
  }

  async stream(request: EngineRequest, options: CallOptions = {}): Promise<Readable> {
    return this.#call(request, options, async (signal) => {
      const response = await this.#send(request, signal);
      return options.signal === undefined ? response : addAbortSignal(options.signal, response);
    });
  }

  async hijack(request: EngineRequest, options: CallOptions = {}): Promise<HijackedStream> {
    const { link, prefix } = this.#options;
    return this.#call(request, options, async (signal) => {
      const { target } = await link.open();
      signal.throwIfAborted();
      const stream = await hijack(target, request, { prefix, signal });
      if (stream !== undefined) return stream;
      const response = await this.#send(request, signal); // asked once more for the engine's reason
      response.destroy();
      throw new EngineAnswerInvalidError(toCallName(request), 'the engine did not upgrade the connection');
    });
  }

  async #call<Result>(
    request: EngineRequest,
    options: CallOptions,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const typed = async (signal: AbortSignal): Promise<Result> => {
      try {
        return await work(signal);
      } catch (error) {
        throw await this.#toError(request, error);
      }
    };
    return withDeadline(typed, {
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? this.#options.requestTimeoutMs,
      createTimeoutError: (timeoutMs) => new EngineTimeoutError(toCallName(request), timeoutMs),
    });
  }

  /** Sends a request; a status that is no success is thrown as the error for it. */
  async #send(request: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { link, prefix } = this.#options;
    const { dial } = await link.open();
    const response = await dial(request, { prefix, signal });
    const { statusCode = 0 } = response;
    if ((statusCode >= 200 && statusCode < 300) || request.alsoSuccess?.includes(statusCode) === true) return response;
    const text = await readBody(response, toCallName(request));
    throw toStatusError(request, statusCode, toEngineMessage(text, statusCode));
  }

  async #toError(request: EngineRequest, error: unknown): Promise<ParacleError> {
    const { endpoint, link, isClosed } = this.#options;
    if (isClosed()) return new EngineClosedError();
    if (ParacleError.isInstance(error)) return error;
    const explained = await link.explain(error);
    return isClosed() ? new EngineClosedError() : toConnectionError(request, endpoint, explained);
  }
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
