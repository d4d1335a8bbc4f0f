import { extract } from 'tar-stream';
import type { CallOptions } from '../engine/connection/call-options.js';
import type { Engine } from '../engine/engine.js';
import { coreErrorCodes } from '../errors/core-error-codes.js';
import { hasCode } from '../errors/has-code.js';
import { HOLDS_DIRECTORY } from '../supervisor/supervisor-paths.js';

/**
 * Names of the files that keep a sandbox from being swept when its controller is dead, such as the journal of a rollback
 * that was cut short. The sandbox need not run; it has none where it is gone.
 */
export async function listHolds(engine: Engine, containerId: string, options: CallOptions = {}): Promise<string[]> {
  try {
    const archive = await engine.archive.get(containerId, HOLDS_DIRECTORY, options);
    const unpacked = archive.pipe(extract());
    archive.on('error', (error) => unpacked.destroy(error));
    const names: string[] = [];
    for await (const entry of unpacked) {
      if (entry.header.type === 'file') names.push(entry.header.name.slice(entry.header.name.indexOf('/') + 1));
      entry.resume();
    }
    return names;
  } catch (error) {
    if (hasCode(error, coreErrorCodes.engineObjectNotFound)) return [];
    throw error;
  }
}
