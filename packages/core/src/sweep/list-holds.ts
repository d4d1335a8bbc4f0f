import { extract } from 'tar-stream';
import type { CallOptions } from '../engine/connection/call-options.js';
import type { Engine } from '../engine/engine.js';
import { coreErrorCodes } from '../errors/core-error-codes.js';
import { hasCode } from '../errors/has-code.js';
import { requireMountsInPlace } from '../supervisor/require-mounts-in-place.js';
import { HOLDS_DIRECTORY } from '../supervisor/supervisor-paths.js';

/** The journal of a rollback, and pins of snapshots. Whatever else lies there holds nothing. */
const HOLD = /^[^/]+\/(rollback\.json|snap_[0-9a-z]{26}\.pin)$/u;

/**
 * Names of what keeps a sandbox from being swept when its controller is dead. The sandbox need not run; it has none where
 * it is gone.
 * @throws SandboxMountMovedError `PARACLE_SUPERVISOR_MOUNT_MOVED` where a program may have put them there
 */
export async function listHolds(engine: Engine, containerId: string, options: CallOptions = {}): Promise<string[]> {
  try {
    const names = await readNames(engine, containerId, options);
    if (names.length > 0) await requireMountsInPlace(engine, containerId, options);
    return names;
  } catch (error) {
    // The engine has no one word for a container that is just being removed.
    if (hasCode(error, coreErrorCodes.engineObjectNotFound) || (await isGoing(engine, containerId, options))) return [];
    throw error;
  }
}

async function isGoing(engine: Engine, containerId: string, options: CallOptions): Promise<boolean> {
  try {
    const { status } = (await engine.containers.inspect(containerId, options)).state;
    return status === 'removing' || status === 'dead';
  } catch (error) {
    return hasCode(error, coreErrorCodes.engineContainerNotFound);
  }
}

async function readNames(engine: Engine, containerId: string, options: CallOptions): Promise<string[]> {
  const archive = await engine.archive.get(containerId, HOLDS_DIRECTORY, options);
  const unpacked = archive.pipe(extract());
  archive.on('error', (error) => unpacked.destroy(error));
  const names: string[] = [];
  for await (const entry of unpacked) {
    const name = entry.header.type === 'file' ? HOLD.exec(entry.header.name)?.[1] : undefined;
    if (name !== undefined) names.push(name);
    entry.resume();
  }
  return names;
}
