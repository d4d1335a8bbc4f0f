import type { CallOptions, Engine, Logger } from '@paracle/core';
import type { ResolvedRollbackConfig } from './config/rollback-config.js';
import { Turns } from './protect/turns.js';
import type { RollbackOptions, RollbackResult } from './restore/rollback-options.js';
import type { SnapshotDescription, StoredDescription } from './snapshot/snapshot-description.js';

/** How a snapshot is taken. */
export interface TakeOptions extends CallOptions {
  /** Called before others are retired for it. */
  readonly onTaken?: (snapshotId: string) => void;
}

/** The snapshots of one container, however they are kept. One call at a time works on a container. */
export interface ContainerSnapshots {
  /** What stays the same over rollbacks. */
  readonly key: string;
  create(kind: StoredDescription['kind'], options: TakeOptions): Promise<string>;
  list(options: CallOptions): Promise<readonly SnapshotDescription[]>;
  delete(snapshotId: string, options: CallOptions): Promise<void>;
  setPin(snapshotId: string, isPinned: boolean, options: CallOptions): Promise<void>;
  retire(options: CallOptions): Promise<readonly string[]>;
  rollback(snapshotId: string, options: RollbackOptions): Promise<RollbackResult>;
}

/** What the snapshots of all containers are kept with. */
export interface SnapshotContext {
  readonly engine: Engine;
  readonly config: ResolvedRollbackConfig;
  readonly logger: Logger;
  /** Whether work that is under way may still need a snapshot. */
  readonly isHeld: (snapshotId: string) => boolean;
}

/** Works on a container when all that asked before has ended, by whichever manager of this process. */
export async function takeTurn<Result>(
  key: string,
  { signal = new AbortController().signal }: CallOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  return turns.take(key, work, signal);
}

const turns = new Turns();
