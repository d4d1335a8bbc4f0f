import { expect } from '@jest/globals';
import type { FileChange } from '@paracle/rollback';
import { applyChanges } from '../../../../src/apply/apply-changes.js';
import { file, makeWorkspace, readBodyOf, readTree, type Tree } from './tree.js';

/** Expects that a workspace with this tree refuses the changes for these reasons, and stays as it was. */
export async function expectRefused(
  tree: Tree,
  changes: readonly FileChange[],
  issues: readonly { path: string; reason: RegExp }[],
  prepare?: (workspace: string) => Promise<void>,
): Promise<void> {
  const workspace = await makeWorkspace(tree);
  await prepare?.(workspace);
  const before = await readTree(workspace);
  const promise = applyChanges(workspace, changes, { readBody: readBodyOf({ x: file('x') }) });
  await expect(promise).rejects.toMatchObject({
    code: 'PARACLE_STACK_APPLY_REFUSED',
    issues: issues.map(({ path, reason }) => ({ path, reason: expect.stringMatching(reason) })),
  });
  expect(await readTree(workspace)).toEqual(before);
}
