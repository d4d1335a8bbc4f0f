import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileChange } from '@paracle/rollback';
import { applyChanges } from '../../../src/apply/apply-changes.js';
import type { ApplyStep } from '../../../src/apply/apply-steps.js';
import { recoverApply } from '../../../src/apply/recover-apply.js';
import { everyKindAfter, everyKindBefore } from './support/every-kind.js';
import { directory, file, link, makeWorkspace, readBodyOf, readTree, sorted, toChange, toChanges, type Tree } from './support/tree.js';

const made: string[] = [];

afterEach(async () => {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true });
});

async function workspaceWith(tree: Tree): Promise<string> {
  const workspace = await makeWorkspace(tree);
  made.push(workspace);
  return workspace;
}

const readBody = readBodyOf(everyKindAfter, { x: file('x') });

describe('a workspace that has changed', () => {
  const change = (before: Tree['x'] | undefined, after: Tree['x'] | undefined): FileChange => toChange('x', before, after);
  const cases: readonly (readonly [string, Tree, FileChange])[] = [
    ['an edited file', { x: file('theirs') }, change(file('old'), file('x'))],
    ['a deleted file', {}, change(file('old'), file('x'))],
    ['an added file that is there', { x: file('theirs') }, change(undefined, file('x'))],
    ['an added file that is there with the same contents', { x: file('x') }, change(undefined, file('x'))],
    ['an added link where one dangles', { x: link('nowhere') }, change(undefined, link('y'))],
    ['a link with another target', { x: link('theirs') }, change(link('old'), link('y'))],
    ['a file that became a link', { x: link('y'), y: file('old') }, change(file('old'), file('x'))],
    ['a file that became a directory', { x: directory() }, change(file('old'), file('x'))],
    ['a directory that became a file', { x: file('x') }, change(directory(), undefined)],
    ['a deletion of a file that is gone', {}, change(file('old'), undefined)],
    ['a deletion of a file that was edited', { x: file('theirs') }, change(file('old'), undefined)],
    ['a directory to be removed that holds something else', { x: directory(), 'x/theirs': file('t') }, change(directory(), undefined)],
    ['a directory to become a file that holds something else', { x: directory(), 'x/theirs': file('t') }, change(directory(), file('x'))],
    ['a mode that was changed twice', { x: file('x', 0o700) }, change(file('x', 0o644), file('x', 0o755))],
    ['an added directory that is there', { x: directory() }, change(undefined, directory())],
  ];

  it.each(cases)('is a conflict: %s', async (_, tree, conflicting) => {
    const workspace = await workspaceWith({ ...tree, other: file('other') });
    const changes = [toChange('other', file('other'), file('x')), conflicting, toChange('fine', undefined, file('x'))];
    await expect(applyChanges(workspace, changes, { readBody })).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_CONFLICT',
      conflicts: [{ path: 'x' }],
    });
    expect(await readTree(workspace)).toEqual(sorted({ ...tree, other: file('other') }));
  });

  it.each([['gone', {}], ['a file', { d: file('now a file') }]] as const)('is a conflict when a parent is %s', async (_, tree) => {
    const workspace = await workspaceWith(tree);
    const promise = applyChanges(workspace, [toChange('d/new', undefined, file('x'))], { readBody });
    await expect(promise).rejects.toMatchObject({ code: 'PARACLE_STACK_APPLY_CONFLICT', conflicts: [{ path: 'd/new' }] });
  });

  it('is reported with every conflicting path, without contents', async () => {
    const workspace = await workspaceWith({ a: file('secret a'), b: file('secret b') });
    const changes = ['a', 'b', 'c'].map((path) => toChange(path, file('old'), file('x')));
    const failure = await applyChanges(workspace, changes, { readBody }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ conflicts: [{ path: 'a' }, { path: 'b' }, { path: 'c' }] });
    expect(JSON.stringify(failure)).not.toContain('secret');
  });
});

describe('a change while the apply is under way', () => {
  /** Applies all kinds of change and lets somebody interfere once, at a step. */
  async function interfere(at: ApplyStep, action: (workspace: string) => Promise<void>): Promise<{ workspace: string; failure: unknown }> {
    const workspace = await workspaceWith(everyKindBefore);
    let isDone = false;
    const onStep = async (step: ApplyStep): Promise<void> => {
      if (step !== at || isDone) return;
      isDone = true;
      await action(workspace);
    };
    const changes = toChanges(everyKindBefore, everyKindAfter);
    const failure = await applyChanges(workspace, changes, { readBody, onStep }).catch((error: unknown) => error);
    return { workspace, failure };
  }

  it.each(['checked', 'staged', 'committed', 'directory-opened', 'entry-removed', 'directory-made', 'entry-placed'] as const)(
    'is found at the last look, and everything is put back: an edit at %s',
    async (at) => {
      const { workspace, failure } = await interfere(at, (root) => writeFile(join(root, 'kept/edited.txt'), 'theirs'));
      expect(failure).toMatchObject({ code: 'PARACLE_STACK_APPLY_CONFLICT', conflicts: [{ path: 'kept/edited.txt' }] });
      expect(await readTree(workspace)).toEqual(sorted({ ...everyKindBefore, 'kept/edited.txt': file('theirs') }));
    },
  );

  it('is found when a file appears in a directory that goes', async () => {
    const { workspace, failure } = await interfere('committed', (root) => writeFile(join(root, 'gone-tree/deep/theirs'), 'theirs'));
    expect(failure).toMatchObject({ code: 'PARACLE_STACK_APPLY_CONFLICT', conflicts: [{ path: 'gone-tree/deep' }] });
    expect(await readTree(workspace)).toEqual(sorted({ ...everyKindBefore, 'gone-tree/deep/theirs': file('theirs') }));
  });

  it('is found when a parent becomes a link, and nothing is written behind it', async () => {
    const outside = await workspaceWith({ 'edited.txt': file('old nested') });
    const { workspace, failure } = await interfere('committed', async (root) => {
      await rename(join(root, 'kept'), join(root, 'moved'));
      await symlink(outside, join(root, 'kept'));
    });
    expect(failure).toMatchObject({ code: 'PARACLE_STACK_APPLY_CONFLICT' });
    expect(await readTree(outside)).toEqual({ 'edited.txt': file('old nested') });
    await unlink(join(workspace, 'kept'));
    await rename(join(workspace, 'moved'), join(workspace, 'kept'));
    expect(await readTree(workspace)).toEqual(sorted(everyKindBefore));
  });

  it('keeps the journal where putting back would destroy what somebody made, until that is out of the way', async () => {
    let hits = 0;
    const { workspace, failure } = await interfere('mode-set', async (root) => {
      hits += 1;
      await writeFile(join(root, 'added-tree/theirs'), 'theirs');
      await writeFile(join(root, 'gone.txt'), 'theirs');
      await rm(join(root, 'mode-directory'), { recursive: true });
    });
    expect(hits).toBe(1);
    expect(failure).toMatchObject({ code: 'PARACLE_STACK_APPLY_UNDO_INCOMPLETE', details: { issues: expect.arrayContaining([{ path: 'gone.txt', reason: 'something else is in its place' }]) } });
    await expect(applyChanges(workspace, [], { readBody })).rejects.toMatchObject({ code: 'PARACLE_STACK_APPLY_UNDO_INCOMPLETE' });
    await unlink(join(workspace, 'gone.txt'));
    await unlink(join(workspace, 'added-tree/theirs'));
    await mkdir(join(workspace, 'mode-directory'));
    await expect(recoverApply(workspace)).resolves.toBe('undone');
    expect(await readTree(workspace)).toEqual(sorted(everyKindBefore));
  });
});
