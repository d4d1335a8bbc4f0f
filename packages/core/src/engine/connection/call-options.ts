/** What every call to an engine accepts as its last argument. */
export interface CallOptions {
  /** Gives the call up at once; the promise rejects with the signal's reason. The engine may still carry it out. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds until the call is given up, counted from the moment it is made.
   * @defaultValue the engine's `requestTimeoutMs`
   */
  readonly timeoutMs?: number | undefined;
}
