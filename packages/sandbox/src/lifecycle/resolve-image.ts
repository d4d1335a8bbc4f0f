import { type CallOptions, coreErrorCodes, type Engine, hasCode, type ImageDescription } from '@paracle/core';

/** The image, pulled if the engine doesn't have it. */
export async function resolveImage(engine: Engine, reference: string, options: CallOptions): Promise<ImageDescription> {
  try {
    return await engine.images.inspect(reference, options);
  } catch (error) {
    if (!hasCode(error, coreErrorCodes.engineImageNotFound)) throw error;
    await pull(engine, reference, options, error);
    return engine.images.inspect(reference, options);
  }
}

async function pull(engine: Engine, reference: string, options: CallOptions, notFound: Error): Promise<void> {
  try {
    await engine.images.pull(reference, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    // What the user asked for is an image; why it could not be pulled is the cause.
    notFound.cause = error;
    throw notFound;
  }
}
