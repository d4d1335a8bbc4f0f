import type { Readable } from 'node:stream';
import type { CallOptions } from './call-options.js';
import type { EngineRequest } from './engine-request.js';
import type { HijackedStream } from './hijacked-stream.js';

/** How the parts of the engine's client reach the engine. */
export interface EngineCaller {
  /** Resolves with the parsed answer. */
  json(request: EngineRequest, options?: CallOptions): Promise<unknown>;
  /** Resolves when the engine has done it; the answer's body is read and dropped. */
  run(request: EngineRequest, options?: CallOptions): Promise<void>;
  /** Resolves with the answer's body once the engine starts to send it. The time limit ends there, the signal does not. */
  stream(request: EngineRequest, options?: CallOptions): Promise<Readable>;
  /** Resolves with the raw connection once the engine has upgraded it. Time limit and signal end there. */
  hijack(request: EngineRequest, options?: CallOptions): Promise<HijackedStream>;
}
