import { realpath } from 'node:fs/promises';
import type { EngineCapabilities, EngineEndpoint } from '@paracle/core';
import { isWithin, type ResolvedSandboxConfig } from '../config/sandbox-config.js';
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
  const isLocal = endpoint.type === 'socket';
  const never = [
    ...NEVER,
    ...(capabilities.dataDirectory === undefined ? [] : [capabilities.dataDirectory]),
    ...(isLocal ? [endpoint.path] : []),
  ];
  for (const { source } of mounts) {
    const meant = isLocal ? await realpath(source).catch(() => source) : source;
    for (const path of new Set([source, meant])) {
      const danger = never.find((place) => isWithin(path, place) || isWithin(place, path));
      if (danger !== undefined || HOMES.test(path)) throw refusal(source, path, 'it would give the host away');
      const isAllowed = allowedHostPaths.some((allowed) => isWithin(path, allowed));
      if (!isAllowed) throw refusal(source, path, 'the manager does not allow it');
    }
  }
}

function refusal(source: string, path: string, reason: string): SandboxError {
  const leads = path === source ? '' : `, which leads to ${path},`;
  return new SandboxError(sandboxErrorCodes.mountRefused, `${source}${leads} can't be mounted: ${reason}`, {
    details: { source, path },
    suggestion: 'Copy files in with copyIn, or name the directory in allowedHostPaths of the SandboxManager.',
  });
}
