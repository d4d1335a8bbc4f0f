import { posix } from 'node:path';
import { type EngineCapabilities, type ImageDescription, isWithin } from '@paracle/core';
import { HOME_DIRECTORY, type ResolvedSandboxConfig } from '../config/sandbox-config.js';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { SandboxError } from '../errors/sandbox-errors.js';

/** One directory in memory. */
export interface TmpfsPart {
  readonly path: string;
  readonly sizeBytes: number;
  /** Files, directories and links that may be in it. */
  readonly inodes: number;
  /** Whether everybody may write to it, as to `/tmp`. */
  readonly isShared: boolean;
}

/** Looking from time to time at what the root, and what is mounted below it on the engine's disk, take. */
export interface WatchdogPlan {
  readonly mechanism: 'watchdog';
  readonly limitBytes: number;
  readonly paths: readonly string[];
}

/**
 * How space for files is limited: not at all; by the storage driver, whose quota holds the image too;
 * by a read-only root file system with directories in memory of a fixed size; or by looking from time to time.
 */
export type DiskPlan =
  | { readonly mechanism: 'none' }
  | { readonly mechanism: 'quota'; readonly limitBytes: number; readonly imageBytes: number }
  | { readonly mechanism: 'tmpfs'; readonly parts: readonly TmpfsPart[] }
  | WatchdogPlan;

const MEBIBYTE = 1024 * 1024;
const PAGE = 4096;
/** One file for this many bytes of space. */
export const BYTES_PER_INODE = 8192;
/**
 * Memory of one file in memory beside its contents, in bytes: 1.5 KiB for a file with a long name and twice that
 * for one with extended attributes were the most that was seen on Linux 6.18.
 */
const INODE_COST_BYTES = 4096;
/** Memory of one byte of contents: a page whose neighbours are holes takes 3.1 KiB of the kernel's tree beside its own 4. */
const CONTENT_COST = 2;
/** Space of a read-only sandbox whose `diskMb` is not given. */
const READ_ONLY_DISK_MB = 256;
/** Shares of the whole: the working directory is where the work is. */
const WORKING_DIRECTORY_SHARE = 6;
const OTHER_SHARE = 1;
/** Directories that everybody may write to. */
const SHARED: ReadonlySet<string> = new Set(['/tmp', '/dev/shm']);
/** Storage drivers whose quota counts the image's own bytes too. */
const COUNTS_IMAGE: ReadonlySet<string> = new Set(['btrfs', 'zfs']);

/**
 * Memory that directories may take when they are full, in bytes: their contents, and what the kernel keeps
 * for each file and page at worst. With room for it a full disk is ENOSPC and never OOM.
 */
export function tmpfsBytes(parts: readonly Pick<TmpfsPart, 'sizeBytes' | 'inodes'>[]): number {
  const bytes = parts.reduce(
    (sum, { sizeBytes, inodes }) => sum + sizeBytes * CONTENT_COST + inodes * INODE_COST_BYTES,
    0,
  );
  return Math.ceil(bytes / PAGE) * PAGE; // the kernel counts in pages
}

/**
 * Decides how the limit on disk space is enforced.
 * @throws SandboxError `PARACLE_SANDBOX_LIMIT_UNSUPPORTED` where this engine can't, and nothing else was accepted
 */
export function planDisk(
  config: ResolvedSandboxConfig,
  { capabilities, image }: { readonly capabilities: EngineCapabilities; readonly image: ImageDescription },
): DiskPlan {
  const volumePaths = image.volumePaths.map((path) => posix.normalize(path).replace(/(?<=.)\/$/u, ''));
  if (config.readOnlyFilesystem || config.diskEnforcement === 'tmpfs') {
    refuseSystemPaths(volumePaths);
    const paths = ['/tmp', '/dev/shm', HOME_DIRECTORY, ...volumePaths];
    refuseMountsOver(paths, config);
    return { mechanism: 'tmpfs', parts: share(config.diskMb ?? READ_ONLY_DISK_MB, config.workingDirectory, paths) };
  }
  if (config.diskMb === undefined) return { mechanism: 'none' };
  if (config.diskEnforcement === 'soft')
    return { mechanism: 'watchdog', limitBytes: config.diskMb * MEBIBYTE, paths: ['/', ...volumePaths] };
  if (!hasQuotas(capabilities)) throw withoutQuotas(capabilities);
  if (image.volumePaths.length > 0) throw withVolumes(image.volumePaths);
  const imageBytes = COUNTS_IMAGE.has(capabilities.storageDriver) ? image.sizeBytes : 0;
  return { mechanism: 'quota', limitBytes: config.diskMb * MEBIBYTE + imageBytes, imageBytes };
}

function share(diskMb: number, workingDirectory: string, paths: readonly string[]): TmpfsPart[] {
  const others = [...new Set(paths)].filter((path) => path !== workingDirectory);
  const unit = (diskMb * MEBIBYTE) / (WORKING_DIRECTORY_SHARE + others.length * OTHER_SHARE);
  const toPart = (path: string, shares: number): TmpfsPart => {
    const sizeBytes = Math.floor((unit * shares) / PAGE) * PAGE;
    return { path, sizeBytes, inodes: Math.ceil(sizeBytes / BYTES_PER_INODE), isShared: SHARED.has(path) };
  };
  return [toPart(workingDirectory, WORKING_DIRECTORY_SHARE), ...others.map((path) => toPart(path, OTHER_SHARE))];
}

/** Whether `storage-opt size` may work; on xfs it needs project quotas too, which only a create call tells. */
function hasQuotas({ storageDriver, backingFilesystem }: EngineCapabilities): boolean {
  return COUNTS_IMAGE.has(storageDriver) || (storageDriver === 'overlay2' && backingFilesystem === 'xfs');
}

function withoutQuotas({
  storageDriver,
  backingFilesystem = 'an unknown file system',
}: EngineCapabilities): SandboxError {
  return new SandboxError(
    sandboxErrorCodes.limitUnsupported,
    `This engine can't limit disk space: its storage driver ${storageDriver} on ${backingFilesystem} has no quotas`,
    {
      details: { option: 'diskMb', storageDriver },
      suggestion:
        "Set diskEnforcement: 'tmpfs' (a read-only root, files in memory) or 'soft' (a watchdog), or keep the engine's data on btrfs, or on xfs with project quotas.",
    },
  );
}

/** What the engine or Paracle mounts there themselves must stay. */
function refuseSystemPaths(volumePaths: readonly string[]): void {
  const refused = volumePaths.filter(
    (path) => path === '/' || /^\/(?:proc|sys|dev(?!\/shm$)|\.paracle)(?:\/|$)/u.test(path),
  );
  if (refused.length === 0) return;
  throw new SandboxError(
    sandboxErrorCodes.limitUnsupported,
    `The image declares volumes where a read-only sandbox can have none: ${refused.join(', ')}`,
    { details: { option: 'baseImage', volumePaths: refused }, suggestion: 'Use an image without these volumes.' },
  );
}

/** A mount there would take the place of the directory in memory, and be given its owner. */
function refuseMountsOver(paths: readonly string[], { mounts }: ResolvedSandboxConfig): void {
  const over = mounts.find(({ target }) => paths.some((path) => isWithin(path, target)));
  if (over === undefined) return;
  throw new SandboxError(
    sandboxErrorCodes.mountRefused,
    `Nothing can be mounted at ${over.target}: files in memory are there or below`,
    { details: { ...over }, suggestion: 'Choose another target.' },
  );
}

function withVolumes(volumePaths: readonly string[]): SandboxError {
  return new SandboxError(
    sandboxErrorCodes.limitUnsupported,
    `The quota would not hold for the volumes that the image declares: ${volumePaths.join(', ')}`,
    {
      details: { option: 'diskMb', volumePaths },
      suggestion: "Set diskEnforcement: 'tmpfs' or 'soft', or use an image without volumes.",
    },
  );
}
