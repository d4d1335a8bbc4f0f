import { ping } from './engine-client.mjs';
import { findEngine } from './find-engine.mjs';
import { startEngine } from './start-engine.mjs';

/** Finds an engine that answers or starts one; resolves with its endpoint and what to tell the user. */
export async function ensureEngine() {
  const search = await findEngine();
  if (search.status === 'found') {
    return {
      endpoint: search.endpoint,
      arch: search.arch,
      outcome: `Engine ${search.version} at ${search.endpoint.host}`,
    };
  }
  const host = await startEngine(search.attempts);
  const { version, arch } = await ping({ host });
  return { endpoint: { host }, arch, outcome: `Engine ${version} started at ${host}` };
}
