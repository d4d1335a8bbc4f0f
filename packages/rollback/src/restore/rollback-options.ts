import { type CallOptions, parseConfig } from '@paracle/core';
import { Minimatch } from 'minimatch';
import { z } from 'zod';
import { rootSchema, toPrefix } from '../config/root.js';
import { display } from '../snapshot/manifest.js';
import type { PathFilter } from './plan-rollback.js';

/** What is rolled back; it has ten minutes for its work in the sandbox unless `timeoutMs` says otherwise. */
export interface RollbackOptions extends CallOptions {
  /** Only tells what would be done; programs stand still meanwhile and then go on. @defaultValue false */
  readonly dryRun?: boolean;
  /**
   * Globs: only what matches one is put back, and removed where it is new; a new directory stays where something in it
   * matches none. `*` stays within a name, `**` does not, and both match names that begin with a dot.
   * @defaultValue everything below `root`
   */
  readonly only?: readonly string[];
  /** Absolute path that the globs of `only` are relative to. @defaultValue `/` */
  readonly root?: string;
}

/** What a rollback did, or would do. */
export interface RollbackResult {
  readonly snapshotId: string;
  readonly containerId: string;
  /** Whether nothing was done. */
  readonly isDryRun: boolean;
  /** Snapshot of the state before, where the policy asks for one. */
  readonly safetySnapshotId?: string;
  /** Paths that were new, without those that lie below another. */
  readonly removed: readonly string[];
  /** Paths that were put back as they were; some may have been as they were. */
  readonly restored: readonly string[];
  /** Sockets and devices that were in the snapshot and could not be made again. */
  readonly notRestored: readonly string[];
}

const schema = z.strictObject({
  dryRun: z.boolean().default(false),
  only: z.array(z.string().min(1).regex(/^[^/]/u, 'is relative to root')).min(1).optional(),
  root: rootSchema.default('/'),
});

/** {@link RollbackOptions} after checks. */
export interface ResolvedRollbackOptions {
  readonly dryRun: boolean;
  /** Whether a path of a manifest is to be put back. */
  readonly includes: PathFilter;
}

/** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` where an option is unknown, or can't name any path */
export function resolveRollbackOptions(options: RollbackOptions): ResolvedRollbackOptions {
  const { signal: _signal, timeoutMs: _timeoutMs, ...own } = options;
  const { dryRun, only, root } = parseConfig(schema, own, 'rollback options');
  if (only === undefined && root === '/') return { dryRun, includes: () => true };
  const prefix = toPrefix(root);
  const globs = (only ?? ['**']).map((glob) => new Minimatch(glob, { dot: true }));
  const includes: PathFilter = (path) =>
    path.startsWith(prefix) && globs.some((glob) => glob.match(display(path.slice(prefix.length))));
  return { dryRun, includes };
}
