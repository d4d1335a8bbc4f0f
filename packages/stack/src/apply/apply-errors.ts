import { ParacleError } from '@paracle/core';
import { stackErrorCodes } from '../stack-error-codes.js';
import type { LockHolder } from './lock-holder.js';
import { systemCode } from './system-code.js';

/** One path and what is wrong with it. */
export interface PathIssue {
  /** Relative to the workspace. */
  readonly path: string;
  /** In plain words. */
  readonly reason: string;
}

const shownIssues = 5;

/** The first issues in one line, for a message. */
export function toIssueText(issues: readonly PathIssue[]): string {
  const shown = issues.slice(0, shownIssues).map((issue) => `${JSON.stringify(issue.path)}: ${issue.reason}`);
  const rest = issues.length - shown.length;
  return `${shown.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}

/** The directory that was named can't be used as a workspace. */
export class WorkspaceInvalidError extends ParacleError {
  override readonly name: string = 'WorkspaceInvalidError';

  constructor(workspace: string, problem: string, cause?: unknown) {
    super(stackErrorCodes.workspaceInvalid, `The workspace ${workspace} can't be used: ${problem}.`, {
      details: { workspace },
      suggestion: 'Name a directory that exists and that this user may write to.',
      cause,
    });
  }
}

/** The change set holds something that is never applied to a real workspace. Nothing was changed. */
export class ApplyRefusedError extends ParacleError {
  override readonly name: string = 'ApplyRefusedError';
  /** Every change that is refused. */
  readonly issues: readonly PathIssue[];

  constructor(issues: readonly PathIssue[]) {
    super(stackErrorCodes.applyRefused, `Refused to apply the changes: ${toIssueText(issues)}.`, {
      details: { issues },
      suggestion: 'Leave these paths out of the change set, or make these changes by hand.',
    });
    this.issues = issues;
  }
}

/** The workspace is no longer what the changes were made against. Nothing was changed, or everything was put back. */
export class ApplyConflictError extends ParacleError {
  override readonly name: string = 'ApplyConflictError';
  /** Every path that conflicts. */
  readonly conflicts: readonly PathIssue[];

  constructor(conflicts: readonly PathIssue[]) {
    super(stackErrorCodes.applyConflict, `The workspace has changed meanwhile: ${toIssueText(conflicts)}.`, {
      details: { conflicts },
      suggestion: 'Run the command again on the workspace as it is now, or put these paths back.',
    });
    this.conflicts = conflicts;
  }
}

/** Another process is applying changes to this workspace. */
export class ApplyBusyError extends ParacleError {
  override readonly name: string = 'ApplyBusyError';

  constructor(lockPath: string, holder: LockHolder | undefined) {
    const who =
      holder === undefined ? 'an unknown process' : `process ${holder.pid} on ${holder.host} since ${holder.at}`;
    super(stackErrorCodes.applyBusy, `Changes are being applied to this workspace by ${who}.`, {
      details: { lockPath, holder },
      suggestion: `Wait for it and try again. If it surely no longer runs, remove ${lockPath}.`,
    });
  }
}

/** The contents of a changed file could not be had, or are not the approved ones. Nothing was changed. */
export class ApplyBodyError extends ParacleError {
  override readonly name: string = 'ApplyBodyError';

  constructor(
    code: typeof stackErrorCodes.applyBodyUnreadable | typeof stackErrorCodes.applyBodyMismatch,
    path: string,
    digests: { readonly expected: string; readonly found?: string },
    cause?: unknown,
  ) {
    const problem = digests.found === undefined ? "can't be read" : `have the digest ${digests.found}`;
    super(code, `Expected the contents of ${JSON.stringify(path)} to be ${digests.expected}, but they ${problem}.`, {
      details: { path, ...digests },
      suggestion: 'Check the store that holds the approved contents.',
      cause,
    });
  }
}

/** The operating system refused a step. Nothing was changed, or everything was put back. */
export class ApplyFailedError extends ParacleError {
  override readonly name: string = 'ApplyFailedError';

  constructor(cause: unknown) {
    const code = systemCode(cause);
    super(
      stackErrorCodes.applyFailed,
      `The changes could not be applied (${code ?? 'unknown reason'}); the workspace is as it was.`,
      {
        details: { systemCode: code },
        suggestion: 'Remove the cause (free space, permissions, a read-only or busy file) and try again.',
        cause,
      },
    );
  }
}
