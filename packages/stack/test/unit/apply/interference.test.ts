import { mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { applyChanges } from '../../../src/apply/apply-changes.js';
import type { ApplyStep } from '../../../src/apply/apply-steps.js';
import { recoverApply } from '../../../src/apply/recover-apply.js';
import { everyKindAfter, everyKindBefore } from './support/every-kind.js';
import { directory, file, makeWorkspace, readBodyOf, readTree, removeMade, sorted, toChanges } from './support/tree.js';

const readBody = readBodyOf(everyKindAfter, { x: file('x') });

afterEach(removeMade);

describe('a change while the apply is under way', () => {
  /** Applies all kinds of change and lets somebody interfere once, at a step. */
  async function interfere(
    at: ApplyStep,
    action: (workspace: string) => Promise<void>,
  ): Promise<{ workspace: string; failure: unknown }> {
    const workspace = await makeWorkspace(everyKindBefore);
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

  it.each([
    'checked',
    'staged',
    'committed',
    'directory-opened',
    'entry-removed',
    'directory-made',
    'entry-placed',
  ] as const)('is found at the last look, and everything is put back: an edit at %s', async (at) => {
    const { workspace, failure } = await interfere(at, (root) => writeFile(join(root, 'kept/edited.txt'), 'theirs'));
    expect(failure).toMatchObject({ code: 'PARACLE_STACK_APPLY_CONFLICT', conflicts: [{ path: 'kept/edited.txt' }] });
    expect(await readTree(workspace)).toEqual(sorted({ ...everyKindBefore, 'kept/edited.txt': file('theirs') }));
  });

  it('is found when a file appears in a directory that goes', async () => {
    const { workspace, failure } = await interfere('committed', (root) =>
      writeFile(join(root, 'gone-tree/deep/theirs'), 'theirs'),
    );
    expect(failure).toMatchObject({ code: 'PARACLE_STACK_APPLY_CONFLICT', conflicts: [{ path: 'gone-tree/deep' }] });
    expect(await readTree(workspace)).toEqual(sorted({ ...everyKindBefore, 'gone-tree/deep/theirs': file('theirs') }));
  });

  it('is found when a parent becomes a link, and nothing is written behind it', async () => {
    const outside = await makeWorkspace({ 'edited.txt': file('old nested') });
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
    expect(failure).toMatchObject({
      code: 'PARACLE_STACK_APPLY_UNDO_INCOMPLETE',
      details: { issues: expect.arrayContaining([{ path: 'gone.txt', reason: 'something else is in its place' }]) },
    });
    await expect(applyChanges(workspace, [], { readBody })).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_UNDO_INCOMPLETE',
    });
    await unlink(join(workspace, 'gone.txt'));
    await unlink(join(workspace, 'added-tree/theirs'));
    await mkdir(join(workspace, 'mode-directory'));
    await expect(recoverApply(workspace)).resolves.toBe('undone');
    expect(await readTree(workspace)).toEqual(sorted(everyKindBefore));
  });

  it('keeps what somebody wrote over a file that was applied, and puts the old one back once that is moved', async () => {
    const before = { a: file('old a'), d: directory(), 'd/b': file('old b') };
    const after = { a: file('new a'), d: directory(), 'd/b': file('new b'), added: file('added') };
    const workspace = await makeWorkspace(before);
    const onStep = async (step: ApplyStep): Promise<void> => {
      if (step !== 'entry-placed') return;
      for (const path of ['a', 'added', 'd/b']) await writeFile(join(workspace, path), 'theirs');
    };
    const options = { readBody: readBodyOf(after), onStep };
    await expect(applyChanges(workspace, toChanges(before, after), options)).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_UNDO_INCOMPLETE',
      details: { issues: [{ path: 'a', reason: 'it was changed after it was applied' }] },
    });
    expect(await readTree(workspace)).toMatchObject({
      a: file('theirs'),
      added: file('theirs'),
      'd/b': file('theirs'),
    });
    await unlink(join(workspace, 'a'));
    await expect(recoverApply(workspace)).resolves.toBe('undone');
    expect(await readTree(workspace)).toEqual({ ...before, added: file('theirs'), 'd/b': file('theirs') });
  });
});
