import { ownerLabels, STORE_DIRECTORY, SUPERVISOR_PATH, type SupervisorMount } from '@paracle/core';
import type { ResolvedSandboxConfig } from '../config/sandbox-config.js';

const MEBIBYTE = 1024 * 1024;

/**
 * The capabilities of PID 1, each for a reason: SETUID, SETGID and SETPCAP to become the untrusted
 * user with nothing left, KILL to end its processes, DAC_OVERRIDE, CHOWN and FOWNER so that nothing
 * hides from a snapshot and all can be restored.
 */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETPCAP', 'SETUID'];

/** The body of the engine's create call, and the parts of it that must be found again afterwards. */
export interface ContainerBody {
  readonly body: Readonly<Record<string, unknown>>;
  readonly expected: { readonly hostConfig: Readonly<Record<string, unknown>>; readonly config: Readonly<Record<string, unknown>> };
}

/** The volume that holds a sandbox's snapshots. */
export function storeVolumeName(sandboxId: string): string {
  return `paracle-store-${sandboxId}`;
}

/** Everything that makes a container a sandbox. */
export function toContainerBody(
  config: ResolvedSandboxConfig,
  options: { readonly sandboxId: string; readonly imageId: string; readonly supervisor: SupervisorMount },
): ContainerBody {
  const { sandboxId, imageId, supervisor } = options;
  const memory = config.memoryMb * MEBIBYTE;
  const store = {
    Type: 'volume',
    Source: storeVolumeName(sandboxId),
    Target: STORE_DIRECTORY,
    VolumeOptions: { NoCopy: true, Labels: ownerLabels({ purpose: 'store', sandboxId }) },
  };
  const hostConfig = {
    NetworkMode: 'none',
    CapDrop: ['ALL'],
    CapAdd: CAPABILITIES,
    SecurityOpt: ['no-new-privileges'],
    Memory: memory,
    // Equal to Memory: no swap. Left out, the engine would allow as much swap again.
    MemorySwap: memory,
    NanoCpus: Math.round(config.cpuCores * 1e9),
    PidsLimit: config.pidsLimit,
    IpcMode: 'private',
    ReadonlyRootfs: false,
    AutoRemove: false,
  };
  const processConfig = { User: '0:0', Entrypoint: [SUPERVISOR_PATH], OpenStdin: true, StdinOnce: true, Tty: false };
  return {
    body: {
      ...processConfig,
      Image: imageId,
      Cmd: [],
      Env: [],
      WorkingDir: '/',
      Hostname: 'sandbox',
      Healthcheck: { Test: ['NONE'] },
      StopSignal: 'SIGTERM',
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Labels: ownerLabels({ purpose: 'sandbox', sandboxId }),
      HostConfig: {
        ...hostConfig,
        // Everything that PID 1 writes would go to the log driver too.
        LogConfig: { Type: 'none' },
        RestartPolicy: { Name: 'no' },
        Mounts: [supervisor.mount, store],
      },
    },
    expected: { hostConfig, config: processConfig },
  };
}
