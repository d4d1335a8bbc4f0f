import { realpath } from 'node:fs/promises';
import { type EngineCapabilities, type EngineEndpoint, isWithin } from '@paracle/core';
import type { ResolvedSandboxConfig } from '../config/sandbox-config.js';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { SandboxError } from '../errors/sandbox-errors.js';

/** What gives the host away, read-only too: a socket in it can be spoken to. Neither they nor what is above or below. */
const NEVER = ['/boot', '/dev', '/etc', '/proc', '/run', '/sys', '/var/lib/containerd', '/var/lib/docker', '/var/run'];
/** Keys and tokens lie at the top of these; what is below may be meant. */
const HOMES = /^(?:\/root|\/home(?:\/[^/]+)?)$/u;

/**
 * Sees to it that nothing of the host is mounted but what the manager allows, and nothing that would give the host
 * away. Links are followed where the engine is on this machine; elsewhere they can't be.
 *
 * @throws SandboxError `PARACLE_SANDBOX_MOUNT_REFUSED`
 */
export async function checkMounts(
  { mounts }: Pick<ResolvedSandboxConfig, 'mounts'>,
  context: {
    readonly allowedHostPaths: readonly string[];
    readonly endpoint: EngineEndpoint;
    readonly capabilities: Pick<EngineCapabilities, 'dataDirectory'>;
  },
): Promise<void> {
  const { endpoint, capabilities, allowedHostPaths } = context;
  if (mounts.length === 0) return;
  const isLocal = endpoint.type === 'socket';
  const places = [capabilities.dataDirectory, isLocal ? endpoint.path : undefined].filter((path) => path !== undefined);
  const withTargets = async (paths: readonly string[]): Promise<string[]> =>
    isLocal ? [...paths, ...(await Promise.all(paths.map(followLinks)))] : [...paths];
  const never = await withTargets([...NEVER, ...places]);
  const allowedPaths = await withTargets(allowedHostPaths);
  for (const { source } of mounts) {
    for (const path of await withTargets([source])) {
      const danger = never.find((place) => isWithin(path, place) || isWithin(place, path));
      if (danger !== undefined || HOMES.test(path)) throw refusal(source, path, 'it would give the host away');
      const isAllowed = allowedPaths.some((allowed) => isWithin(path, allowed));
      if (!isAllowed) throw refusal(source, path, 'the manager does not allow it');
    }
  }
}

/** What is not there leads nowhere, and the engine refuses it; what this process may not look at may lead anywhere. */
async function followLinks(path: string): Promise<string> {
  return realpath(path).catch((error: unknown) => {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return path;
    throw new SandboxError(sandboxErrorCodes.mountRefused, `Nothing is mounted: where ${path} leads can't be told`, {
      details: { path },
      suggestion: 'Give this process the right to look there, or take the path out of mounts and allowedHostPaths.',
      cause: error,
    });
  });
}

function refusal(source: string, path: string, reason: string): SandboxError {
  const leads = path === source ? '' : `, which leads to ${path},`;
  return new SandboxError(sandboxErrorCodes.mountRefused, `${source}${leads} can't be mounted: ${reason}`, {
    details: { source, path },
    suggestion: 'Copy files in with copyIn, or name the directory in allowedHostPaths of the SandboxManager.',
  });
}
