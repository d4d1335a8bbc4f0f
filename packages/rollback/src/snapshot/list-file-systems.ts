import { type ContainerDescription, type FileRecord, type FileService, isWithin, OWN_DIRECTORY } from '@paracle/core';
import { z } from 'zod';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';

/** Everything that a snapshot covers, as it is now. */
export interface Listing {
  readonly records: Map<string, FileRecord>;
  /** Where something is mounted, covered or not. */
  readonly mounts: readonly string[];
}

/** The host's or of the kernel: these are not the sandbox's to put back. */
const COVERED_TYPES: ReadonlySet<string> = new Set(['volume', 'tmpfs']);

/** Engines mount a file system for shared memory there unless the container has none of its own. */
const SHARED_MEMORY = '/dev/shm';
const OWN_SHARED_MEMORY: ReadonlySet<string> = new Set(['', 'private', 'shareable']);

const hostConfigSchema = z.object({
  Tmpfs: z.record(z.string(), z.string()).nullish(),
  IpcMode: z.string().nullish(),
  ReadonlyRootfs: z.boolean().nullish(),
});

/** Where the file systems lie that a snapshot covers: the root, volumes and memory. */
export function findRoots({ mounts, hostConfig }: ContainerDescription): string[] {
  const { Tmpfs, IpcMode } = hostConfigSchema.parse(hostConfig);
  const memory = Object.keys(Tmpfs ?? {});
  const shared = OWN_SHARED_MEMORY.has(IpcMode ?? '') ? [SHARED_MEMORY] : [];
  const mounted = mounts.filter(({ type }) => COVERED_TYPES.has(type)).map(({ destination }) => destination);
  const own = [...mounted, ...memory, ...shared].filter((path) => !isWithin(path, OWN_DIRECTORY));
  return ['/', ...new Set(own.sort())];
}

/** Whether the root file system was mounted so that nothing on it can be written to. */
export function isRootReadOnly({ hostConfig }: ContainerDescription): boolean {
  return hostConfigSchema.parse(hostConfig).ReadonlyRootfs === true;
}

/**
 * Lists all of them.
 * @throws RollbackError `PARACLE_ROLLBACK_MOUNT_MOVED` where one is not where the engine put it
 */
export async function listFileSystems(files: FileService, roots: readonly string[]): Promise<Listing> {
  const listings = await Promise.all(roots.map(async (root) => files.list(root)));
  // The first is by far the largest.
  const records = listings[0]?.records ?? new Map<string, FileRecord>();
  for (const listing of listings.slice(1)) for (const [path, record] of listing.records) records.set(path, record);
  const mounts = [...new Set(listings.flatMap(({ skipped }) => skipped))].sort();
  // What is below /dev was not walked through: it is a mount itself, in which no program can rename anything.
  refuseMoved(roots.filter((root) => root !== '/' && !isWithin(root, '/dev') && !mounts.includes(root)));
  return { records, mounts };
}

/**
 * Programs can move a directory that something is mounted in.
 * @throws RollbackError `PARACLE_ROLLBACK_MOUNT_MOVED`
 */
export function refuseMoved(moved: readonly string[]): void {
  if (moved.length === 0) return;
  throw new RollbackError(
    rollbackErrorCodes.mountMoved,
    `A directory with a mount in it was moved, so nothing was done: ${moved.join(', ')}`,
    { details: { moved }, suggestion: 'Move it back by a command and try again, or destroy the sandbox.' },
  );
}
