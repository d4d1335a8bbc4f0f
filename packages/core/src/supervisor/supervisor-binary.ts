import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
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
 * Reads the program that ships with this package.
 *
 * @throws ParacleError `PARACLE_SUPERVISOR_BINARY_MISSING` where there is none for the architecture
 */
export async function readSupervisorBinary(architecture: string): Promise<SupervisorBinary> {
  // The same path from src/ and from dist/.
  const file = new URL(`../../native/build/supervisor-${architecture}`, import.meta.url);
  try {
    const [bytes, buildId] = await Promise.all([readFile(file), readFile(`${file.pathname}.build-id`, 'utf8')]);
    return { bytes, buildId, digest: createHash('sha256').update(bytes).digest('hex') };
  } catch (cause) {
    throw new ParacleError(
      coreErrorCodes.supervisorBinaryMissing,
      `Expected a supervisor for the engine's architecture ${architecture}, found none in this package`,
      {
        details: { architecture },
        suggestion: 'Use an engine on amd64, or build the package on that architecture.',
        cause,
      },
    );
  }
}
