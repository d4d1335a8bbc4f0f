import { EngineApiVersionError } from '../../errors/engine-availability-errors.js';
import { EngineAnswerInvalidError } from '../../errors/engine-call-errors.js';

/** The oldest API that has all that Paracle relies on: Docker 20.10. */
const oldestApiVersion = '1.41';

/**
 * The newest API whose answers Paracle knows; a newer engine is spoken to in this one.
 * @see https://docs.docker.com/reference/api/engine/version-history/
 */
const newestApiVersion = '1.47';

/**
 * Picks the API version to speak with an engine.
 * @throws EngineApiVersionError `PARACLE_ENGINE_API_VERSION` if the engine is older than 1.41.
 */
export function negotiateApiVersion(engineApiVersion: string): string {
  const engineMinor = toMinor(engineApiVersion);
  if (engineMinor < toMinor(oldestApiVersion)) throw new EngineApiVersionError(engineApiVersion, oldestApiVersion);
  return engineMinor > toMinor(newestApiVersion) ? newestApiVersion : engineApiVersion;
}

function toMinor(version: string): number {
  const minor = /^1\.(\d{1,4})$/u.exec(version)?.[1];
  if (minor === undefined) throw new EngineAnswerInvalidError('GET /version', `\`ApiVersion\` is no 1.x version`);
  return Number(minor);
}
