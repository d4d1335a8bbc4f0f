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
   * Space for files, in MiB. Absent: no limit, and `guarantees.disk` says `none`. No mechanism that
   * enforces it is there yet, so a number is refused (`PARACLE_SANDBOX_LIMIT_UNSUPPORTED`).
   */
  readonly diskMb?: number;
  /**
   * Longest that one execution may take, in seconds, from the moment the sandbox gets the request.
   * @defaultValue 60
   */
  readonly timeoutSeconds?: number;
  /** The only mode there is so far: no network at all. @defaultValue 'none' */
  readonly networkMode?: 'none';
  /** Only `false` so far; `true` is refused (`PARACLE_SANDBOX_LIMIT_UNSUPPORTED`). @defaultValue false */
  readonly readOnlyFilesystem?: boolean;
  /** Added to the image's environment for every execution. @defaultValue {} */
  readonly environment?: Readonly<Record<string, string>>;
  /** Absolute path; made if it is not there, and owned by the sandbox's user. @defaultValue '/workspace' */
  readonly workingDirectory?: string;
}

/** A {@link SandboxConfig} after defaults. */
export interface ResolvedSandboxConfig {
  readonly baseImage: string;
  readonly cpuCores: number;
  readonly memoryMb: number;
  readonly pidsLimit: number;
  readonly diskMb?: number | undefined;
  readonly timeoutSeconds: number;
  readonly networkMode: 'none';
  readonly readOnlyFilesystem: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

/** The engine refuses less than 6 MiB; below 16 not even a shell starts reliably. */
const MIN_MEMORY_MB = 16;
const MIN_PIDS = 8;
/** The largest delay that timers of the supervisor's protocol can hold, in seconds. */
const MAX_TIMEOUT_SECONDS = 4_000_000;

const noNul = (text: string): boolean => !text.includes('\0');
const environmentName = z.string().regex(/^[^=\0]+$/u, 'a name without "=" and NUL');

/** An absolute path without `.`, `..` or anything that belongs to the system or to Paracle. */
const workingDirectory = z
  .string()
  .regex(/^(\/[^/\0]+)+$/u, 'an absolute path without a slash at its end, not the root itself')
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'a path without "." and ".."')
  .refine((path) => !/^\/(proc|sys|dev|\.paracle)(\/|$)/u.test(path), 'a path outside /proc, /sys, /dev and /.paracle');

/** Environment variables. */
export const environmentSchema: z.ZodType<Readonly<Record<string, string>>> = z.record(
  environmentName,
  z.string().refine(noNul, 'text without NUL'),
);

/** Checks a {@link SandboxConfig} and fills in the defaults. */
export const sandboxConfigSchema: z.ZodType<ResolvedSandboxConfig> = z.strictObject({
  baseImage: z.string().min(1).refine(noNul, 'text without NUL').default('python:3.11-slim'),
  cpuCores: z.number().min(0.01).default(1),
  memoryMb: z.int().min(MIN_MEMORY_MB).default(512),
  pidsLimit: z.int().min(MIN_PIDS).max(4_194_304).default(256),
  diskMb: z.int().min(1).optional(),
  timeoutSeconds: z.number().positive().max(MAX_TIMEOUT_SECONDS).default(60),
  networkMode: z.literal('none').default('none'),
  readOnlyFilesystem: z.boolean().default(false),
  environment: environmentSchema.default({}),
  workingDirectory: workingDirectory.default('/workspace'),
});
