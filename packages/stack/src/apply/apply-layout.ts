import { join } from 'node:path';

/** The directory in a workspace that holds Paracle's own files; never part of a change set. */
export const homeName = '.paracle';

/** Where an apply keeps its own files. Everything lies inside the workspace, so that renames stay on one file system. */
export interface ApplyLayout {
  /** The workspace itself, without symbolic links. */
  readonly root: string;
  readonly home: string;
  readonly directory: string;
  /** A directory that holds one file, named after its holder's token; empty or missing means free. */
  readonly lock: string;
  /** Everything about the apply under way. */
  readonly transaction: string;
  /** Where `transaction` is moved when it is over: one rename ends it. */
  readonly completed: string;
  readonly undone: string;
  /** New entries that wait for their place; one that is missing has been placed. */
  readonly staged: string;
  /** Entries that were taken away; one that is there has been removed. */
  readonly removed: string;
  /** Second links to, or copies of, files that are replaced. */
  readonly backups: string;
  readonly journal: string;
  readonly committed: string;
  /** An empty file, made in advance, so that marking an undo needs no free space. */
  readonly undoPrepared: string;
  readonly undoing: string;
}

/** The layout for a workspace. */
export function toApplyLayout(root: string): ApplyLayout {
  const home = join(root, homeName);
  const directory = join(home, 'apply');
  const transaction = join(directory, 'transaction');
  return {
    root,
    home,
    directory,
    lock: join(directory, 'lock'),
    transaction,
    completed: join(directory, 'completed'),
    undone: join(directory, 'undone'),
    staged: join(transaction, 'staged'),
    removed: join(transaction, 'removed'),
    backups: join(transaction, 'backups'),
    journal: join(transaction, 'journal.json'),
    committed: join(transaction, 'committed'),
    undoPrepared: join(transaction, 'undo-prepared'),
    undoing: join(transaction, 'undoing'),
  };
}
