import { type CallOptions, type Engine } from '@paracle/core';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { SandboxError } from '../errors/sandbox-errors.js';

/** Removes a sandbox's container with its anonymous volumes, then its store. Both are tried. */
export async function removeSandbox(
  engine: Engine,
  parts: { readonly containerId: string; readonly storeVolume: string },
  options: CallOptions = {},
): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (removal: Promise<void>): Promise<void> => {
    await removal.catch((error: unknown) => failures.push(error));
  };
  await attempt(engine.containers.remove(parts.containerId, { ...options, force: true, volumes: true }));
  await attempt(engine.volumes.remove(parts.storeVolume, options));
  if (failures.length === 0) return;
  throw new SandboxError(
    sandboxErrorCodes.cleanupFailed,
    `Container or store of ${parts.containerId} could not be removed`,
    {
      details: parts,
      suggestion: 'Call destroy() again once the engine answers; the next process sweeps what is left by then.',
      cause: new AggregateError(failures),
    },
  );
}
