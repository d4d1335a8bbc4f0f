/** What an engine reports of itself. Reported is not proven: `doctor` and the sandbox's guarantees say what follows. */
export interface EngineCapabilities {
  readonly serverVersion: string;
  /** The newest API version that the engine speaks. */
  readonly apiVersion: string;
  readonly os: string;
  /** The engine's architecture, not this process's. */
  readonly arch: 'amd64' | 'arm64' | 'other';
  readonly cgroupVersion: '1' | '2' | 'unknown';
  /** `cgroupfs`, `systemd` or `none`. */
  readonly cgroupDriver: string;
  readonly storageDriver: string;
  /** The file system under the storage driver, such as `extfs` or `xfs`; absent where the engine does not say. */
  readonly backingFilesystem?: string;
  /** Where the engine keeps its data on its host; absent where it does not say. */
  readonly dataDirectory?: string;
  readonly hasMemoryLimit: boolean;
  readonly hasSwapLimit: boolean;
  readonly hasPidsLimit: boolean;
  readonly hasCpuCfsQuota: boolean;
  readonly hasSeccomp: boolean;
  /** The seccomp profile in force by default: `default`, `builtin`, a path, or `unconfined`. */
  readonly seccompProfile?: string;
  readonly hasAppArmor: boolean;
  readonly hasSelinux: boolean;
  readonly isRootless: boolean;
  readonly hasUserNamespaces: boolean;
  /** Names of the container runtimes that are set up. */
  readonly runtimes: readonly string[];
  readonly defaultRuntime: string;
  /** As runc says it; a distribution may have patched it. Absent where the engine does not say. */
  readonly runcVersion?: string;
  readonly kernelVersion: string;
  readonly operatingSystem: string;
  readonly isDesktop: boolean;
}
