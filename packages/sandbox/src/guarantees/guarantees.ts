/** How firmly a limit holds: `hard` by the kernel, `soft` by watching and reacting, `none` not at all. */
export type Enforcement = 'hard' | 'soft' | 'none';

/**
 * What really holds for a sandbox, computed from what the engine reports of the container and from
 * what an untrusted process sees inside; never from the configuration.
 */
export interface SandboxGuarantees {
  /**
   * `limitBytes` is what is in force for all together. `reservedForFilesBytes` of it are there for files in memory
   * (see `disk`): what these don't take, processes may.
   */
  readonly memory: {
    readonly enforcement: Enforcement;
    readonly limitBytes?: number;
    readonly reservedForFilesBytes?: number;
  };
  readonly swap: { readonly enforcement: Enforcement; readonly limitBytes?: number };
  readonly cpu: { readonly enforcement: Enforcement; readonly cores?: number };
  readonly pids: { readonly enforcement: Enforcement; readonly limit?: number };
  /**
   * Space for files. `limitBytes` is what the sandbox itself may fill; with `tmpfs` it is in memory, in `parts`
   * that are limited each for itself; a `watchdog` is soft.
   */
  readonly disk: {
    readonly enforcement: Enforcement;
    readonly mechanism: 'none' | 'quota' | 'tmpfs' | 'watchdog';
    readonly limitBytes?: number;
    /** `inodes` is how many files may be in it. */
    readonly parts?: readonly { readonly path: string; readonly limitBytes: number; readonly inodes: number }[];
  };
  /** Time-outs of executions, by the supervisor inside: they hold though the controller hangs. */
  readonly time: { readonly enforcement: Enforcement };
  /** `mode` is `none`, or `policy` where rules are in force; else what is there that was not asked for. */
  readonly network: { readonly enforcement: Enforcement; readonly mode: string; readonly networkId?: string };
  /** What is seen of the engine's host. */
  readonly mounts: readonly { readonly source: string; readonly target: string; readonly isReadOnly: boolean }[];
  readonly privileges: {
    readonly uid: number;
    readonly gid: number;
    /** Whether any capability is in any set of an untrusted process. */
    readonly hasCapabilities: boolean;
    readonly hasNoNewPrivileges: boolean;
    readonly hasSeccomp: boolean;
  };
  /** What is weaker than the default, one sentence each. */
  readonly weaknesses: readonly string[];
}
