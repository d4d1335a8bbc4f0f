import type { CallOptions } from '@paracle/core';
import { minimatch } from 'minimatch';
import { display } from '../snapshot/manifest.js';
import type { PathFilter } from './plan-rollback.js';

/** What is rolled back; it has ten minutes for its work in the sandbox unless `timeoutMs` says otherwise. */
export interface RollbackOptions extends CallOptions {
  /** Only tells what would be done; programs stand still meanwhile and then go on. @defaultValue false */
  readonly dryRun?: boolean;
  /**
   * Globs: only what matches one is put back, and removed where it is new. `*` stays within a name, `**` does not, and both
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

/** Whether a path of a manifest is one that the options name. */
export function toPathFilter({ only, root = '/' }: RollbackOptions): PathFilter {
  if (only === undefined) return () => true;
  const prefix = root === '/' ? '/' : `${root}/`;
  return (path) => {
    const text = display(path);
    return text.startsWith(prefix) && only.some((glob) => minimatch(text.slice(prefix.length), glob, { dot: true }));
  };
}
