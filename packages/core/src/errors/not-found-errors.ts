import { coreErrorCodes } from './core-error-codes.js';
import type { EngineFailure } from './engine-call-errors.js';
import { ParacleError } from './paracle-error.js';

/** The image is not on the engine. */
export class ImageNotFoundError extends ParacleError {
  override readonly name: string = 'ImageNotFoundError';

  constructor(image: string, failure: EngineFailure) {
    super(coreErrorCodes.engineImageNotFound, `The image ${image} is not on this engine.`, {
      details: { image, ...failure },
      suggestion: `Pull it first: docker pull ${image}`,
    });
  }
}

/** No container has this id or name. */
export class ContainerNotFoundError extends ParacleError {
  override readonly name: string = 'ContainerNotFoundError';

  constructor(container: string, failure: EngineFailure) {
    super(coreErrorCodes.engineContainerNotFound, `No container ${container} is on this engine.`, {
      details: { container, ...failure },
      suggestion: 'It was removed, or lives on another engine.',
    });
  }
}

/** Something else that was named is not there: a volume, a network, an exec, a path in a container. */
export class EngineObjectNotFoundError extends ParacleError {
  override readonly name: string = 'EngineObjectNotFoundError';

  constructor(kind: string, id: string, failure: EngineFailure) {
    super(coreErrorCodes.engineObjectNotFound, `The ${kind} ${id} was not found: ${failure.engineMessage}`, {
      details: { kind, id, ...failure },
    });
  }
}
