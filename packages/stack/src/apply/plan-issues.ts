import type { PathIssue } from './apply-errors.js';
import type { PlannedChange } from './entry.js';
import { linkProblem } from './link-problem.js';
import { pathProblem } from './path-problem.js';

/** The ancestors of a path, the outermost first, without the workspace itself. */
export function toAncestors(path: string): readonly string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

function ancestorProblem(change: PlannedChange, byPath: ReadonlyMap<string, PlannedChange>): string | undefined {
  for (const path of toAncestors(change.path)) {
    const ancestor = byPath.get(path);
    if (ancestor === undefined) continue;
    const shown = JSON.stringify(path);
    if (change.before.type !== 'absent' && ancestor.before.type !== 'directory')
      return `was in ${shown}, which was no directory`;
    if (change.after.type !== 'absent' && ancestor.after.type !== 'directory')
      return `is to be in ${shown}, which is to be no directory`;
  }
  return undefined;
}

/** Everything that is wrong with a plan, whatever is on the disk. */
export function findPlanIssues(changes: readonly PlannedChange[]): readonly PathIssue[] {
  const byPath = new Map(changes.map((change) => [change.path, change]));
  return changes.flatMap((change) => {
    const { path, after } = change;
    const reason =
      pathProblem(path) ??
      (byPath.get(path) === change ? undefined : 'is in the change set twice') ??
      ancestorProblem(change, byPath) ??
      (after.type === 'symlink' ? linkProblem(path, after.target) : undefined);
    return reason === undefined ? [] : [{ path, reason }];
  });
}
