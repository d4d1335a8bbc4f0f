import type { CallOptions } from '../engine/connection/call-options.js';
import type { Engine } from '../engine/engine.js';
import { readField, readText } from '../reading/read-fields.js';
import { requireMountsInPlace } from './require-mounts-in-place.js';

/**
 * Starts a sandbox that stands still, without a controller of its own: on no network, since nobody enforces a policy there,
 * and only where everything is mounted in its place.
 * @throws SandboxMountMovedError `PARACLE_SUPERVISOR_MOUNT_MOVED`
 */
export async function startAgain(engine: Engine, containerId: string, options: CallOptions = {}): Promise<void> {
  await leaveNetworks(engine, containerId, options);
  await requireMountsInPlace(engine, containerId, options);
  await engine.containers.start(containerId, options);
}

/** Takes a container that stands still off all its networks, so that neither a start nor their removal finds it there. */
export async function leaveNetworks(engine: Engine, containerId: string, options: CallOptions = {}): Promise<void> {
  const { networkSettings } = await engine.containers.inspect(containerId, options);
  const networks = readField(networkSettings, ['Networks']) ?? {};
  for (const [name, endpoint] of Object.entries(networks)) {
    if (name === 'none') continue;
    // Before its first start a network has no id yet.
    const id = readText(endpoint, ['NetworkID']);
    await engine.networks.disconnect(id === undefined || id === '' ? name : id, containerId, options);
  }
}
