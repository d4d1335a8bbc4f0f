import type { FileChange } from '@paracle/rollback';
import { ApplyRefusedError, type PathIssue } from './apply-errors.js';
import type { PlannedChange } from './entry.js';
import { findPlanIssues } from './plan-issues.js';
import { toPlannedChange } from './to-planned-change.js';

/** Turns a change set into a plan, or refuses all of it with everything that is wrong. The disk is not looked at. */
export function planChanges(changes: readonly FileChange[]): readonly PlannedChange[] {
  const issues: PathIssue[] = [];
  const planned: PlannedChange[] = [];
  for (const change of changes) {
    const judged = toPlannedChange(change);
    if (judged.type === 'planned') planned.push(judged.change);
    else issues.push({ path: change.path, reason: judged.reason });
  }
  issues.push(...findPlanIssues(planned));
  if (issues.length > 0) throw new ApplyRefusedError(issues);
  return planned;
}
