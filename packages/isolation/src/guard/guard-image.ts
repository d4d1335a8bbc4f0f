import { readFile } from 'node:fs/promises';
import { type CallOptions, coreErrorCodes, type Engine, type EngineCapabilities, hasCode } from '@paracle/core';
import { z } from 'zod';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';

/** The guard's image as this package brings it along. */
interface GuardImage {
  readonly archive: Buffer;
  /** Digest of its one layer. */
  readonly layer: string;
}

const detailsSchema = z.object({ layer: z.string().regex(/^sha256:[0-9a-f]{64}$/u) });

/**
 * Sees to it that the engine has the guard's image, and resolves with its id. It is imported from this package and never
 * pulled; an image of that name with other contents is not used.
 *
 * @throws IsolationError `PARACLE_ISOLATION_GUARD_IMAGE` where the package has none for the engine's architecture, or the
 * engine something else under its name
 */
export async function ensureGuardImage(engine: Engine, options: CallOptions = {}): Promise<string> {
  const { arch } = await engine.capabilities(options);
  const { archive, layer } = await readGuardImage(arch);
  const name = `paracle-guard:${layer.slice('sha256:'.length, 'sha256:'.length + 16)}`;
  const found = await findImage(engine, { name, layer }, options);
  if (found !== undefined) return found;
  await engine.images.load(archive, options);
  const loaded = await findImage(engine, { name, layer }, options);
  if (loaded !== undefined) return loaded;
  throw new IsolationError(isolationErrorCodes.guardImage, `The engine has other contents under the name ${name}`, {
    details: { name, layer },
    suggestion: `Remove it from the engine: docker rmi -f ${name}`,
  });
}

async function findImage(
  engine: Engine,
  { name, layer }: { readonly name: string; readonly layer: string },
  options: CallOptions,
): Promise<string | undefined> {
  try {
    const image = await engine.images.inspect(name, options);
    return image.layers.length === 1 && image.layers[0] === layer ? image.id : undefined;
  } catch (error) {
    if (hasCode(error, coreErrorCodes.engineImageNotFound)) return undefined;
    throw error;
  }
}

async function readGuardImage(arch: EngineCapabilities['arch']): Promise<GuardImage> {
  // The same path from src/ and from dist/.
  const path = `../../guard/build/guard-${arch}`;
  try {
    const [archive, details] = await Promise.all([
      readFile(new URL(`${path}.tar.gz`, import.meta.url)),
      readFile(new URL(`${path}.json`, import.meta.url), 'utf8'),
    ]);
    return { archive, ...detailsSchema.parse(JSON.parse(details)) };
  } catch (cause) {
    throw new IsolationError(
      isolationErrorCodes.guardImage,
      `Expected the guard's image for the engine's architecture, ${arch}, in guard/build of @paracle/isolation, found none`,
      {
        details: { arch },
        suggestion:
          'The package from npm brings one for amd64 and one for arm64: install it again. In a clone run `npm run setup`.',
        cause,
      },
    );
  }
}
