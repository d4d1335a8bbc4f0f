import type { Digest } from '@paracle/rollback';

/** What a path is on disk, or is to become. */
export type Entry =
  | { readonly type: 'absent' }
  | { readonly type: 'file'; readonly mode: number; readonly digest: Digest }
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'symlink'; readonly target: string };

/** One path with what it must be before and is to be after. */
export interface PlannedChange {
  readonly path: string;
  readonly before: Entry;
  readonly after: Entry;
}

/** Nothing is there. */
export const absentEntry: Entry = Object.freeze({ type: 'absent' });

/** Says whether two entries have the same type and content; modes do not count. */
export function isSameContent(left: Entry, right: Entry): boolean {
  if (left.type === 'file') return right.type === 'file' && left.digest === right.digest;
  if (left.type === 'symlink') return right.type === 'symlink' && left.target === right.target;
  return left.type === right.type;
}

/** The entry in words, for a message. */
export function toEntryText(entry: Entry): string {
  switch (entry.type) {
    case 'absent':
      return 'nothing';
    case 'file':
      return `a file with ${entry.digest}`;
    case 'directory':
      return 'a directory';
    case 'symlink':
      return `a symbolic link to ${JSON.stringify(entry.target)}`;
  }
}
