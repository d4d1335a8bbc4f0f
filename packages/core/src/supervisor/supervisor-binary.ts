import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { EngineCapabilities } from '../capabilities/engine-capabilities.js';
import { coreErrorCodes } from '../errors/core-error-codes.js';
import { ParacleError } from '../errors/paracle-error.js';

/** The supervisor's program for one architecture. */
export interface SupervisorBinary {
  readonly bytes: Buffer;
  /** SHA-256 of the program, in hex: the volume that carries it is named after this. */
  readonly digest: string;
  /** What the program calls itself at each greeting. */
  readonly buildId: string;
}

/**
 * Reads the program that ships with this package for an engine's architecture, which need not be this process's.
 *
 * @throws ParacleError `PARACLE_SUPERVISOR_BINARY_MISSING` where there is none for the architecture
 */
export async function readSupervisorBinary(architecture: EngineCapabilities['arch']): Promise<SupervisorBinary> {
  if (architecture === 'other') {
    throw new ParacleError(
      coreErrorCodes.supervisorBinaryMissing,
      'Expected an engine on amd64 or arm64, found one on another architecture: there is no supervisor for it',
      { details: { architecture }, suggestion: 'Use an engine on amd64 or arm64.' },
    );
  }
  // The same path from src/ and from dist/.
  const path = `../../native/build/supervisor-${architecture}`;
  try {
    const [bytes, buildId] = await Promise.all([
      readFile(new URL(path, import.meta.url)),
      readFile(new URL(`${path}.build-id`, import.meta.url), 'utf8'),
    ]);
    return { bytes, buildId, digest: createHash('sha256').update(bytes).digest('hex') };
  } catch (cause) {
    throw new ParacleError(
      coreErrorCodes.supervisorBinaryMissing,
      `Expected the supervisor for the engine's architecture, ${architecture}, in native/build of @paracle/core, found none`,
      {
        details: { architecture },
        suggestion:
          'The package from npm brings one for amd64 and one for arm64: install it again. ' +
          `In a clone run \`node packages/core/native/build.mjs ${architecture}\`.`,
        cause,
      },
    );
  }
}
