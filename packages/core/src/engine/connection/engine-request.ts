import type { Readable } from 'node:stream';

/** What a request is about; decides which not-found error a 404 becomes. */
export interface RequestSubject {
  readonly kind: 'container' | 'image' | 'volume' | 'network' | 'exec' | 'path' | 'engine';
  readonly id: string;
}

/** One request to the engine's API. */
export interface EngineRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Path without version and query. */
  readonly path: string;
  readonly subject: RequestSubject;
  /** Query parameters; objects are sent as JSON, bytes as they are, `undefined` is left out. */
  readonly query?: Readonly<Record<string, unknown>>;
  /** JSON body of a POST. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Instead of a JSON body: a tar archive. */
  readonly archive?: Uint8Array | Readable;
  /** Further statuses, besides 2xx, that are a success of this call. */
  readonly alsoSuccess?: readonly number[];
}

/** How a request is called in messages: `POST /containers/create`. */
export function toCallName(request: EngineRequest): string {
  return `${request.method} ${request.path}`;
}
