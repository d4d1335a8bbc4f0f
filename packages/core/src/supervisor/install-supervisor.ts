import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { CallOptions } from '../engine/connection/call-options.js';
import type { Engine } from '../engine/engine.js';
import { coreErrorCodes } from '../errors/core-error-codes.js';
import { hasCode } from '../errors/has-code.js';
import { ownerLabels } from '../identity/labels.js';
import type { SupervisorBinary } from './supervisor-binary.js';
import { BINARY_DIRECTORY } from './supervisor-paths.js';

const PROGRAM_MODE = 0o555;

/** The volume that carries a build of the supervisor into sandboxes. */
export function supervisorVolumeName(binary: SupervisorBinary): string {
  return `paracle-supervisor-${binary.digest.slice(0, 16)}`;
}

async function packBinary(binary: SupervisorBinary): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'supervisor', mode: PROGRAM_MODE, uid: 0, gid: 0 }, binary.bytes);
  archive.finalize();
  return buffer(archive);
}

async function fill(engine: Engine, binary: SupervisorBinary, image: string, options: CallOptions): Promise<void> {
  const volume = supervisorVolumeName(binary);
  const { id } = await engine.containers.create(
    {
      body: {
        Image: image,
        Cmd: ['-'],
        Labels: ownerLabels({ purpose: 'supervisor-install' }),
        HostConfig: { NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: volume, Target: BINARY_DIRECTORY }] },
      },
    },
    options,
  );
  try {
    await engine.archive.put(id, BINARY_DIRECTORY, await packBinary(binary), options);
  } finally {
    await engine.containers.remove(id, { force: true, volumes: true });
  }
}

/**
 * Sees to it that the engine has the supervisor in a volume; once per engine and build. Any image
 * will do as a vehicle: nothing of it is started. `isBroken` fills an existing volume again.
 */
export async function installSupervisor(
  engine: Engine,
  binary: SupervisorBinary,
  image: string,
  options: CallOptions & { readonly isBroken?: boolean } = {},
): Promise<void> {
  const name = supervisorVolumeName(binary);
  try {
    await engine.volumes.inspect(name, options);
    if (options.isBroken !== true) return;
  } catch (error) {
    if (!hasCode(error, coreErrorCodes.engineObjectNotFound)) throw error;
    await engine.volumes.create({ ...options, name, labels: ownerLabels({ purpose: 'supervisor' }) });
  }
  await fill(engine, binary, image, options);
}
