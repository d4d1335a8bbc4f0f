import { ownerLabels, SUPERVISOR_PATH, type SupervisorMount } from '@paracle/core';

/** Loading 50,000 CIDRs takes nft some 250 MB. */
const MEMORY_BYTES = 512 * 1024 * 1024;

/** What a guard's container is made of. */
interface GuardBodyOptions {
  readonly imageId: string;
  readonly supervisor: SupervisorMount;
  /** `host`, or `container:ID`. */
  readonly networkMode: string;
  /** NET_ADMIN, where it has rules to load; nothing else is ever given. */
  readonly canLoadRules: boolean;
}

/** The body of the engine's create call: a root file system that can't be written, and no listener. */
export function toGuardBody(options: GuardBodyOptions): Readonly<Record<string, unknown>> {
  const { imageId, supervisor, networkMode, canLoadRules } = options;
  return {
    Image: imageId,
    User: '0:0',
    Entrypoint: [SUPERVISOR_PATH],
    Cmd: ['guard'],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Labels: ownerLabels({ purpose: 'guard' }),
    HostConfig: {
      NetworkMode: networkMode,
      CapDrop: ['ALL'],
      CapAdd: canLoadRules ? ['NET_ADMIN'] : [],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Memory: MEMORY_BYTES,
      MemorySwap: MEMORY_BYTES,
      PidsLimit: 64,
      IpcMode: 'private',
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      Mounts: [supervisor.mount],
      // The host's namespaces can't be had with remapped users.
      ...(networkMode === 'host' && { UsernsMode: 'host' }),
    },
  };
}
