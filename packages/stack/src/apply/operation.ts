import type { Entry } from './entry.js';

interface OperationBase {
  /** Names what belongs to it in the journal's directories. */
  readonly id: string;
  readonly path: string;
}

/** One step on one path. Each can be repeated, and each can be told done from not done by what lies in the journal's directories. */
export type Operation =
  /** Lets the owner work in a directory whose mode forbids it; `mode` or the directory's removal follows. */
  | (OperationBase & { readonly type: 'open'; readonly from: number; readonly to: number })
  /** Moves an entry out of the workspace; a directory must be empty. */
  | (OperationBase & { readonly type: 'remove'; readonly before: Entry })
  /** Moves a staged, empty directory to its place. */
  | (OperationBase & { readonly type: 'make' })
  /** Moves a staged file or link to its place, over a file or link if `before` is one. */
  | (OperationBase & { readonly type: 'place'; readonly before: Entry; readonly after: Entry })
  /** Sets permissions without touching the content. */
  | (OperationBase & {
      readonly type: 'mode';
      readonly isNew: boolean;
      readonly expected: Entry;
      readonly from: number;
      readonly to: number;
    });

/** The operations of some types. */
export type OperationOf<T extends Operation['type']> = Extract<Operation, { readonly type: T }>;
