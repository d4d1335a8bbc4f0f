import type { FileChange, FileState } from '@paracle/rollback';
import { absentEntry, type Entry, type PlannedChange } from './entry.js';

const permissionBits = 0o777;
const specialBits = 0o7000;

/** What became of one change of a change set. */
export type JudgedChange =
  | { readonly type: 'planned'; readonly change: PlannedChange }
  | { readonly type: 'refused'; readonly reason: string };

function toEntry(state: FileState | undefined): Entry | undefined {
  if (state === undefined) return absentEntry;
  const mode = state.mode & permissionBits;
  switch (state.type) {
    case 'file':
      return state.digest === undefined ? undefined : { type: 'file', mode, digest: state.digest };
    case 'directory':
      return { type: 'directory', mode };
    case 'symlink':
      return state.target === undefined ? undefined : { type: 'symlink', target: state.target };
    case 'other':
      return undefined;
  }
}

function stateProblem(state: FileState | undefined): string | undefined {
  switch (state?.type) {
    case 'file':
      return /^sha256:[0-9a-f]{64}$/u.test(state.digest ?? '') ? undefined : 'is a file without a SHA-256 digest';
    case 'symlink':
      return state.target === undefined ? 'is a symbolic link without a target' : undefined;
    case 'other':
      return 'is neither a file, a directory nor a symbolic link';
    default:
      return undefined;
  }
}

function kindProblem(change: FileChange): string | undefined {
  const hasBefore = change.before !== undefined;
  const hasAfter = change.after !== undefined;
  if (hasBefore === (change.change !== 'added') && hasAfter === (change.change !== 'deleted')) return undefined;
  return `is called ${change.change}, but its states before and after say otherwise`;
}

function modeProblem(after: FileState | undefined): string | undefined {
  if (after === undefined || after.type === 'symlink' || (after.mode & specialBits) === 0) return undefined;
  return `has the mode ${after.mode.toString(8)}: set-id and sticky bits are never set in a workspace`;
}

/** Turns a change of a diff into a planned one, or says why it is refused. */
export function toPlannedChange(change: FileChange): JudgedChange {
  const reason =
    kindProblem(change) ?? stateProblem(change.before) ?? stateProblem(change.after) ?? modeProblem(change.after);
  const before = toEntry(change.before);
  const after = toEntry(change.after);
  if (reason !== undefined || before === undefined || after === undefined) {
    return { type: 'refused', reason: reason ?? 'is described incompletely' };
  }
  return { type: 'planned', change: { path: change.path, before, after } };
}
