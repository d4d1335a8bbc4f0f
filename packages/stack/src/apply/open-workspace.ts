import { lstat, realpath } from 'node:fs/promises';
import { type ApplyContext, type ApplyWatchOptions, toApplyContext } from './apply-context.js';
import { WorkspaceInvalidError } from './apply-errors.js';
import { type ApplyLayout, toApplyLayout } from './apply-layout.js';
import { acquireApplyLock } from './apply-lock.js';
import { systemCode } from './system-code.js';

/** The layout of a workspace that exists. */
export async function openWorkspace(workspace: string): Promise<ApplyLayout> {
  try {
    const root = await realpath(workspace);
    if ((await lstat(root)).isDirectory()) return toApplyLayout(root);
  } catch (error) {
    throw new WorkspaceInvalidError(workspace, systemCode(error) ?? "it can't be read", error);
  }
  throw new WorkspaceInvalidError(workspace, 'it is not a directory');
}

/** Does something in a workspace that nobody else may change through Paracle meanwhile. */
export async function withLockedWorkspace<T>(
  layout: ApplyLayout,
  options: ApplyWatchOptions,
  action: (context: ApplyContext) => Promise<T>,
): Promise<T> {
  const context = toApplyContext(layout, options);
  const lock = await acquireApplyLock(layout);
  try {
    await context.report('locked');
    return await action(context);
  } finally {
    try {
      await lock.release();
    } catch (error) {
      // The lock of a process that ended is taken over; failing here would hide what was done.
      context.logger?.warn({ err: error }, 'workspace lock not released');
    }
  }
}
