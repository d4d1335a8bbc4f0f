import { type CallOptions, parseConfig } from '@paracle/core';
import { Minimatch } from 'minimatch';
import { z } from 'zod';
import { display } from '../snapshot/manifest.js';
import type { PathFilter } from './plan-rollback.js';

/** What is rolled back; it has ten minutes for its work in the sandbox unless `timeoutMs` says otherwise. */
export interface RollbackOptions extends CallOptions {
  /** Only tells what would be done; programs stand still meanwhile and then go on. @defaultValue false */
  readonly dryRun?: boolean;
  /**
   * Globs: only what matches one is put back, and removed where it is new; a new directory stays where something in it
   * matches none. `*` stays within a name, `**` does not, and both
   * match names that begin with a dot. @defaultValue everything
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

const schema = z.object({
  only: z.array(z.string().min(1).regex(/^[^/]/u, 'is relative to root')).min(1).optional(),
  root: z.string().regex(/^\//u, 'is absolute').default('/'),
});

/**
 * Whether a path of a manifest is one that the options name.
 * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` where they can't name any
 */
export function toPathFilter(options: RollbackOptions): PathFilter {
  const { only, root } = parseConfig(schema, { only: options.only, root: options.root }, 'rollback options');
  if (only === undefined) return () => true;
  const prefix = `${root.replace(/\/+$/u, '')}/`;
  const globs = only.map((glob) => new Minimatch(glob, { dot: true }));
  return (path) => {
    const text = display(path);
    return text.startsWith(prefix) && globs.some((glob) => glob.match(text.slice(prefix.length)));
  };
}
