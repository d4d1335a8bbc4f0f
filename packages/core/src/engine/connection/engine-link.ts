import type { Dial } from './dial.js';
import type { SocketTarget } from './socket-target.js';

/** A way to an engine that stands. */
export interface Route {
  /** Where raw connections are opened. */
  readonly target: SocketTarget;
  /** Sends plain requests. */
  readonly dial: Dial;
}

/** The way to one engine, for as long as it is used. */
export interface EngineLink {
  /** Resolves with a route that stands; one that broke is made anew. */
  open(): Promise<Route>;
  /** What is known about why a call failed: the error itself, or one that says more. */
  explain(error: unknown): Promise<unknown>;
  /** Ends the connections that wait for requests or carry one, and all that was started for them. May be called again. */
  close(): Promise<void>;
}
