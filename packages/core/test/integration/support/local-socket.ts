import { Engine } from '@paracle/core';

/** The socket of the engine that the tests use, for what brings it elsewhere. */
export async function findLocalSocket(): Promise<string> {
  await using engine = new Engine();
  const { endpoint } = await engine.connect();
  if (endpoint.type !== 'socket') throw new Error('Expected the tests’ engine to listen on a local socket');
  return endpoint.path;
}
