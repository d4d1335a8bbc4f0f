/** What is used here of core's `Engine`. This package imports none of ours, so that core's own tests can use it. */
export interface ConnectableEngine extends AsyncDisposable {
  connect(): Promise<{ readonly endpoint: { readonly type: string; readonly path?: string } }>;
}

/** Core's class `Engine`, which tests hand in. */
export type EngineClass = new (options?: { readonly endpoint?: string }) => ConnectableEngine;

/** Where an engine listens, for what speaks to it past the client. */
export async function findSocket(engine: ConnectableEngine): Promise<string> {
  const { endpoint } = await engine.connect();
  if (endpoint.type !== 'socket' || endpoint.path === undefined)
    throw new Error('Expected the engine to listen on a socket');
  return endpoint.path;
}
