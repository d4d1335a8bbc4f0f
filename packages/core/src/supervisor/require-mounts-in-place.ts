import { extract } from 'tar-stream';
import type { CallOptions } from '../engine/connection/call-options.js';
import type { Engine } from '../engine/engine.js';
import { coreErrorCodes } from '../errors/core-error-codes.js';
import { hasCode } from '../errors/has-code.js';
import { readField } from '../reading/read-fields.js';
import { SandboxMountMovedError } from './supervisor-errors.js';

/**
 * Looks whether the way to everything that is mounted in a container is made of directories. A program may have moved one
 * that something is mounted below, and put a link in its place: the next start would follow it, and mount that elsewhere,
 * such as over the supervisor.
 * @throws SandboxMountMovedError `PARACLE_SUPERVISOR_MOUNT_MOVED`
 */
export async function requireMountsInPlace(
  engine: Engine,
  containerId: string,
  options: CallOptions = {},
): Promise<void> {
  const { mounts, hostConfig } = await engine.containers.inspect(containerId, options);
  const memory = Object.keys(readField(hostConfig, ['Tmpfs']) ?? {});
  const targets = new Set([...mounts.map(({ destination }) => destination), ...memory]);
  const ways = new Set([...targets].flatMap(waysTo));
  // Parents first: what lies below a link is not looked at.
  for (const path of [...ways].sort()) {
    const type = await findType(engine, containerId, path, options);
    const isInPlace = type === 'directory' || (type === 'file' && targets.has(path));
    if (!isInPlace) throw new SandboxMountMovedError(containerId, path);
  }
}

/** `/a/b` has `/a` and itself. */
function waysTo(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return names.map((_name, index) => `/${names.slice(0, index + 1).join('/')}`);
}

/** By the first entry of its archive, of which no more is read. */
async function findType(
  engine: Engine,
  containerId: string,
  path: string,
  options: CallOptions,
): Promise<string | undefined> {
  try {
    const archive = await engine.archive.get(containerId, path, options);
    const unpacked = archive.pipe(extract());
    archive.on('error', (error) => unpacked.destroy(error));
    try {
      for await (const { header } of unpacked) return header.type;
      return undefined;
    } finally {
      archive.destroy();
    }
  } catch (error) {
    // The engine's word for a way that is no way.
    const isNoWay = hasCode(error, coreErrorCodes.engineObjectNotFound) || /not a directory/iu.test(String(error));
    if (isNoWay) return undefined;
    throw error;
  }
}
