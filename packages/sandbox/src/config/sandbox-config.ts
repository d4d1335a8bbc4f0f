import { isWithin } from '@paracle/core';
import { z } from 'zod';

/** What a sandbox is made of. Every field has a safe default. */
export interface SandboxConfig {
  /**
   * Image that the sandbox starts from; pulled if the engine doesn't have it.
   * @defaultValue 'python:3.11-slim'
   */
  readonly baseImage?: string;
  /**
   * CPU time per second of wall time, in cores.
   * @defaultValue 1
   */
  readonly cpuCores?: number;
  /**
   * Memory of all processes together, page cache included, in MiB; at least 16. Swap is pinned to 0.
   * @defaultValue 512
   */
  readonly memoryMb?: number;
  /** Processes and threads at once, the supervisor's own two or three included. @defaultValue 256 */
  readonly pidsLimit?: number;
  /**
   * Space for files, in MiB. Absent: no limit, and `guarantees.disk` says `none`. Enforced by the
   * storage driver's quota; where it has none, a number is refused (`PARACLE_SANDBOX_LIMIT_UNSUPPORTED`)
   * unless `diskEnforcement` accepts another way.
   */
  readonly diskMb?: number;
  /**
   * Another way to enforce `diskMb` than the storage driver's quota. `tmpfs`: the root file system is
   * read-only, and the working directory (six shares), `/tmp`, `/dev/shm`, the home and each volume of the image
   * (one share each) are in memory. Room for them at worst is added to `memoryMb`. Not in snapshots.
   * `soft`: a watchdog looks twice a second while commands run, and ends them all (`cause: 'disk'`) when they take
   * more; what is written between two looks, or is open and has no name, it doesn't see.
   */
  readonly diskEnforcement?: 'tmpfs' | 'soft';
  /**
   * Longest that one execution may take, in seconds, from the moment the sandbox gets the request.
   * @defaultValue 60
   */
  readonly timeoutSeconds?: number;
  /**
   * `none`, or the id or name of a network whose policy is enforced: one made by a `NetworkIsolator` of
   * `@paracle/isolation` that has the same engine. @defaultValue 'none'
   */
  readonly networkMode?: string;
  /**
   * A read-only root file system; what programs must write to is in memory as with `diskEnforcement: 'tmpfs'`,
   * 256 MiB unless `diskMb` says otherwise. @defaultValue false
   */
  readonly readOnlyFilesystem?: boolean;
  /**
   * Who commands run as: a name of the image or `uid`, or `uid:gid`; never root.
   * @defaultValue the image's user, 1000:1000 where that is root
   */
  readonly user?: string;
  /** Added to the image's environment for every execution. @defaultValue {} */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Variables for every execution that are kept nowhere: not in `sandbox.config`, and not in what the
   * engine knows of the container. Every command of the sandbox can read them. @defaultValue {}
   */
  readonly secrets?: Readonly<Record<string, string>>;
  /**
   * Limits per process, soft and hard alike, in the units of setrlimit(2): numbers and bytes. The supervisor has
   * them too. Core dumps are always off. @defaultValue what the engine sets
   */
  readonly ulimits?: SandboxUlimits;
  /** Name of another runtime of the engine, such as `runsc`; never verified with Paracle. @defaultValue the engine's */
  readonly runtime?: string;
  /**
   * What must hold, or the sandbox is not made (`PARACLE_SANDBOX_LIMIT_UNENFORCED`): `disk.hard` where
   * `diskMb` is not given is a contradiction that this finds. @defaultValue []
   */
  readonly require?: readonly RequiredGuarantee[];
  /**
   * Directories and files of the engine's host that are seen inside. Only below what the manager's
   * `allowedHostPaths` names, and never with `diskMb` or `readOnlyFilesystem` where commands may write to one.
   * @defaultValue []
   */
  readonly mounts?: readonly SandboxMount[];
  /** Absolute path; made if it is not there, and owned by the sandbox's user. @defaultValue '/workspace' */
  readonly workingDirectory?: string;
}

/** A path of the engine's host inside a sandbox, with the owners and modes that it has there. */
export interface SandboxMount {
  /** Absolute path on the engine's host. */
  readonly source: string;
  /** Absolute path inside, not the working directory, the home or above one of them; made if it is not there. */
  readonly target: string;
  /** `false` lets commands change what is there; no rollback puts it back. @defaultValue true */
  readonly readOnly?: boolean;
}

/** Limits per process. */
export interface SandboxUlimits {
  /** Open files; at least 256. */
  readonly nofile?: number;
  /** Bytes locked in memory. */
  readonly memlock?: number;
  /** Bytes of stack; at least 65,536. */
  readonly stack?: number;
}

/** What engines know by these names has no policy. */
const networkModeSchema: z.ZodType<string> = z
  .string()
  .regex(
    /^(?!(?:host|bridge|default|container:.*)$)[\w.-]{1,255}$/u,
    'none, or the id or name of a network that a NetworkIsolator made: host, bridge and others have no policy',
  );

/** A guarantee that can be required. */
export type RequiredGuarantee = `${(typeof REQUIRABLE_LIMITS)[number]}.hard`;

/** A {@link SandboxConfig} after defaults, without its secrets. */
export interface ResolvedSandboxConfig {
  readonly baseImage: string;
  readonly cpuCores: number;
  readonly memoryMb: number;
  readonly pidsLimit: number;
  readonly diskMb?: number | undefined;
  readonly diskEnforcement?: 'tmpfs' | 'soft' | undefined;
  readonly timeoutSeconds: number;
  readonly networkMode: string;
  readonly readOnlyFilesystem: boolean;
  readonly user?: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly ulimits: Readonly<Partial<Record<keyof SandboxUlimits, number | undefined>>>;
  readonly runtime?: string | undefined;
  readonly require: readonly RequiredGuarantee[];
  readonly mounts: readonly Required<SandboxMount>[];
  readonly workingDirectory: string;
}

/** Home of the sandbox's user: apart from the working directory, so that caches are no changes of it. */
export const HOME_DIRECTORY = '/home/sandbox';

/** The limits that can be required to hold. */
export const REQUIRABLE_LIMITS = ['memory', 'swap', 'cpu', 'pids', 'disk', 'time', 'network'] as const;

/** The engine refuses less than 6 MiB; below 16 not even a shell starts reliably. */
const MIN_MEMORY_MB = 16;
const MIN_PIDS = 8;
/** A pebibyte: sizes in bytes stay exact numbers. */
const MAX_DISK_MB = 1_073_741_824;
/** The largest delay that timers of the supervisor's protocol can hold, in seconds. */
const MAX_TIMEOUT_SECONDS = 4_000_000;

const noNul = (text: string): boolean => !text.includes('\0');
const environmentName = z.string().regex(/^[^=\0]+$/u, 'a name without "=" and NUL');

/** As `docker run --user` takes it, but never root. */
const user = z
  .string()
  .regex(/^[^:\0]+(:[^:\0]+)?$/u, 'a user, or a user and a group with ":" between them')
  .refine((text) => !text.split(':').some((part) => part === 'root' || Number(part) === 0), 'no root in it');

/** A path that names one place alone. */
const absolutePath = z
  .string()
  .regex(/^(\/[^/\0]+)+$/u, 'an absolute path without a slash at its end, not the root itself')
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'a path without "." and ".."');

/** Not what belongs to the system or to Paracle. */
const pathInside = absolutePath.refine(
  (path) =>
    !/^\/(?:proc|sys|dev|\.paracle|bin|sbin|lib(?:32|64|x32)?|etc|boot|root|usr(?!\/src\/))(?:\/|$)/u.test(path),
  'a path outside of what belongs to the system or to Paracle (/usr/src/… may be used)',
);

/** Paths of the engine's host below which sandboxes may have mounts. */
export const hostPathsSchema: z.ZodType<readonly string[]> = z.array(absolutePath);

/** Environment variables. */
export const environmentSchema: z.ZodType<Readonly<Record<string, string>>> = z.record(
  environmentName,
  z.string().refine(noNul, 'text without NUL'),
);

/** Checks a {@link SandboxConfig} and fills in the defaults. */
export const sandboxConfigSchema: z.ZodType<ResolvedSandboxConfig> = z
  .strictObject({
    baseImage: z.string().min(1).refine(noNul, 'text without NUL').default('python:3.11-slim'),
    cpuCores: z.number().min(0.01).default(1),
    memoryMb: z.int().min(MIN_MEMORY_MB).default(512),
    pidsLimit: z.int().min(MIN_PIDS).max(4_194_304).default(256),
    diskMb: z.int().min(1).max(MAX_DISK_MB).optional(),
    diskEnforcement: z.enum(['tmpfs', 'soft']).optional(),
    timeoutSeconds: z.number().positive().max(MAX_TIMEOUT_SECONDS).default(60),
    networkMode: networkModeSchema.default('none'),
    readOnlyFilesystem: z.boolean().default(false),
    user: user.optional(),
    environment: environmentSchema.default({}),
    ulimits: z
      .strictObject({
        nofile: z.int().min(256).max(1_048_576).optional(),
        memlock: z.int().min(0).optional(),
        stack: z.int().min(65_536).optional(),
      })
      .default({}),
    runtime: z.string().min(1).refine(noNul, 'text without NUL').optional(),
    require: z.array(z.enum(REQUIRABLE_LIMITS.map((limit) => `${limit}.hard` as const))).default([]),
    mounts: z
      .array(z.strictObject({ source: absolutePath, target: pathInside, readOnly: z.boolean().default(true) }))
      .default([]),
    workingDirectory: pathInside.default('/workspace'),
  })
  .refine(
    ({ diskEnforcement, diskMb }) => diskEnforcement === undefined || diskMb !== undefined,
    'diskEnforcement says how diskMb is enforced, so diskMb has to be given with it',
  )
  .refine(
    ({ mounts, diskMb, readOnlyFilesystem }) =>
      (diskMb === undefined && !readOnlyFilesystem) || mounts.every(({ readOnly }) => readOnly),
    'diskMb and readOnlyFilesystem hold for no mount that can be written to, so all mounts have to be read-only with them',
  )
  .refine(
    ({ mounts }) => new Set(mounts.map(({ target }) => target)).size === mounts.length,
    'each mount needs a target of its own',
  )
  .refine(
    ({ mounts, workingDirectory }) =>
      mounts.every(({ target }) => !isWithin(workingDirectory, target) && !isWithin(HOME_DIRECTORY, target)),
    `the working directory and ${HOME_DIRECTORY} belong to the sandbox’s user, so no mount may be there or above them`,
  );
