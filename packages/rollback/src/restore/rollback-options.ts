import { type CallOptions, parseConfig } from '@paracle/core';
import { Minimatch } from 'minimatch';
import { z } from 'zod';
import { rootSchema, toPrefix } from '../config/root.js';
import type { ReplacementStep } from '../replacement/replacement-steps.js';
import { display } from '../snapshot/manifest.js';
import type { PathFilter } from './plan-rollback.js';

/** What is rolled back; it has ten minutes for its work in the sandbox unless `timeoutMs` says otherwise. */
export interface RollbackOptions extends CallOptions {
  /** Only tells what would be done; programs stand still meanwhile and then go on. @defaultValue false */
  readonly dryRun?: boolean;
  /**
   * Globs: only what matches one is put back, and removed where it is new; a new directory stays where something in it
   * matches none. At most 1,000. `*` stays within a name, `**` does not, and both match names that begin with a dot.
   * @defaultValue everything below `root`
   */
  readonly only?: readonly string[];
  /** Absolute path that the globs of `only` are relative to. @defaultValue `/` */
  readonly root?: string;
  /** Is told of each step before it begins. */
  readonly onProgress?: (progress: RollbackProgress) => void;
}

/** The steps of a sandbox's rollback, in order. Once the first is told, `recover` finishes a rollback that was cut short. */
export const rollbackSteps = [
  'end_programs',
  'save_state',
  'compare',
  'remove',
  'make_directories',
  'restore_files',
  'link_files',
  'make_symlinks',
  'make_pipes',
  'restore_attributes',
  'restore_times',
  'verify',
  'finish',
] as const;

/** One of {@link rollbackSteps}. */
export type RollbackStep = (typeof rollbackSteps)[number];

/** How far a rollback is. */
export interface RollbackProgress {
  /** Of a container that Paracle did not make, one of `replacementSteps`. */
  readonly step: RollbackStep | ReplacementStep;
  /** Paths that the step deals with; 0 where it isn't about paths. */
  readonly pathCount: number;
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

/** So that the journal of a rollback can be read again. */
const MAX_GLOBS = 1000;
const MAX_GLOB = 4096;

type OnProgress = (progress: RollbackProgress) => void;

const schema = z.strictObject({
  dryRun: z.boolean().default(false),
  only: z
    .array(z.string().min(1).max(MAX_GLOB).regex(/^[^/]/u, 'is relative to root'))
    .min(1)
    .max(MAX_GLOBS)
    .optional(),
  root: rootSchema.default('/'),
  onProgress: z.custom<OnProgress>((value) => typeof value === 'function', 'is a function').optional(),
});

/** What is put back, as it is written down. */
export interface RollbackScope {
  readonly only?: readonly string[] | undefined;
  readonly root: string;
}

/** {@link RollbackOptions} after checks. */
export interface ResolvedRollbackOptions {
  readonly dryRun: boolean;
  readonly scope: RollbackScope;
  readonly onProgress: OnProgress;
}

/** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` where an option is unknown, or can't name any path */
export function resolveRollbackOptions(options: RollbackOptions): ResolvedRollbackOptions {
  const { signal: _signal, timeoutMs: _timeoutMs, ...own } = options;
  const { dryRun, only, root, onProgress = () => undefined } = parseConfig(schema, own, 'rollback options');
  return { dryRun, scope: { only, root }, onProgress };
}

/** Whether a path of a manifest is to be put back. */
export function toFilter({ only, root }: RollbackScope): PathFilter {
  if (only === undefined && root === '/') return () => true;
  const prefix = toPrefix(root);
  const globs = (only ?? ['**']).map((glob) => new Minimatch(glob, { dot: true }));
  return (path) => path.startsWith(prefix) && globs.some((glob) => glob.match(display(path.slice(prefix.length))));
}
