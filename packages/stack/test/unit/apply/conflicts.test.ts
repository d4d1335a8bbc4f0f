import { afterEach, describe, expect, it } from '@jest/globals';
import type { FileChange } from '@paracle/rollback';
import { applyChanges } from '../../../src/apply/apply-changes.js';
import { everyKindAfter } from './support/every-kind.js';
import {
  directory,
  file,
  link,
  makeWorkspace,
  readBodyOf,
  readTree,
  removeMade,
  sorted,
  type Tree,
  toChange,
} from './support/tree.js';

const readBody = readBodyOf(everyKindAfter, { x: file('x') });

afterEach(removeMade);

describe('a workspace that has changed', () => {
  const change = (before: Tree['x'] | undefined, after: Tree['x'] | undefined): FileChange =>
    toChange('x', before, after);
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
    [
      'a directory to be removed that holds something else',
      { x: directory(), 'x/theirs': file('t') },
      change(directory(), undefined),
    ],
    [
      'a directory to become a file that holds something else',
      { x: directory(), 'x/theirs': file('t') },
      change(directory(), file('x')),
    ],
    ['a mode that was changed twice', { x: file('x', 0o700) }, change(file('x', 0o644), file('x', 0o755))],
    ['an added directory that is there', { x: directory() }, change(undefined, directory())],
  ];

  it.each(cases)('is a conflict: %s', async (_, tree, conflicting) => {
    const workspace = await makeWorkspace({ ...tree, other: file('other') });
    const changes = [toChange('other', file('other'), file('x')), conflicting, toChange('fine', undefined, file('x'))];
    const steps: string[] = [];
    const onStep = (step: string): void => {
      steps.push(step);
    };
    await expect(applyChanges(workspace, changes, { readBody, onStep })).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_CONFLICT',
      conflicts: [{ path: 'x' }],
    });
    expect(steps).toEqual(['locked']);
    expect(await readTree(workspace)).toEqual(sorted({ ...tree, other: file('other') }));
  });

  it.each([
    ['gone', {}],
    ['a file', { d: file('now a file') }],
  ] as const)('is a conflict when a parent is %s', async (_, tree) => {
    const workspace = await makeWorkspace(tree);
    const promise = applyChanges(workspace, [toChange('d/new', undefined, file('x'))], { readBody });
    await expect(promise).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_CONFLICT',
      conflicts: [{ path: 'd/new' }],
    });
  });

  it('is reported with every conflicting path, without contents', async () => {
    const workspace = await makeWorkspace({ a: file('secret a'), b: file('secret b') });
    const changes = ['a', 'b', 'c'].map((path) => toChange(path, file('old'), file('x')));
    const failure = await applyChanges(workspace, changes, { readBody }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ conflicts: [{ path: 'a' }, { path: 'b' }, { path: 'c' }] });
    expect(JSON.stringify(failure)).not.toContain('secret');
  });
});
