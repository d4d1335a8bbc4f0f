import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { applyChanges } from '../../../src/apply/apply-changes.js';
import type { ApplyStep } from '../../../src/apply/apply-steps.js';
import { recoverApply } from '../../../src/apply/recover-apply.js';
import {
  directory,
  file,
  makeDirectory,
  readBodyOf,
  readTree,
  sorted,
  type Tree,
  toChanges,
  writeTree,
} from './support/tree.js';

const before: Tree = {
  a: file('old a'),
  d: directory(),
  'd/b': file('old b'),
  gone: file('gone'),
  z: directory(),
  'z/c': file('old c'),
};
const after: Tree = {
  a: file('new a'),
  d: directory(),
  'd/b': file('new b'),
  z: directory(),
  'z/c': file('new c'),
  'z/added': file('added'),
};

let workspace = '';
const frozen: string[] = [];

/** Makes a part of the workspace read-only, as only the system can against root: renames in it fail. */
function freeze(path: string): void {
  execFileSync('mount', ['--bind', path, path]);
  execFileSync('mount', ['-o', 'remount,bind,ro', path]);
  frozen.push(path);
}

function thaw(): void {
  for (const path of frozen.splice(0)) execFileSync('umount', [path]);
}

function once(at: ApplyStep, action: () => void): (step: ApplyStep) => void {
  let isDone = false;
  return (step) => {
    if (step !== at || isDone) return;
    isDone = true;
    action();
  };
}

beforeEach(async () => {
  workspace = await makeDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', workspace]);
  await writeTree(workspace, before);
});

afterEach(async () => {
  thaw();
  execFileSync('umount', [workspace]);
  await rm(workspace, { recursive: true });
});

const readBody = readBodyOf(after);

describe('the operating system says no', () => {
  it('to staging on a full disk: nothing has changed, nothing is left', async () => {
    const big: Tree = { ...after, big: file('x'.repeat(2 * 1024 * 1024)) };
    const promise = applyChanges(workspace, toChanges(before, big), { readBody: readBodyOf(big) });
    await expect(promise).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_FAILED',
      details: { systemCode: 'ENOSPC' },
    });
    expect(await readTree(workspace)).toEqual(sorted(before));
  });

  it('to the lock on a read-only workspace', async () => {
    execFileSync('mount', ['-o', 'remount,ro', workspace]);
    const promise = applyChanges(workspace, toChanges(before, after), { readBody });
    await expect(promise).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_FAILED',
      details: { systemCode: 'EROFS' },
    });
    expect(await readTree(workspace)).toEqual(sorted(before));
  });

  it('half way through: everything done so far is undone', async () => {
    const onStep = once('committed', () => freeze(join(workspace, 'z')));
    const promise = applyChanges(workspace, toChanges(before, after), { readBody, onStep });
    await expect(promise).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_FAILED',
      details: { systemCode: expect.stringMatching(/^(EROFS|EXDEV)$/u) },
    });
    expect(await readTree(workspace)).toEqual(sorted(before));
  });

  it('to the undo as well: the journal stays, and recovery undoes it once it can', async () => {
    let freezeLater = (): void => freeze(join(workspace, 'd'));
    const onStep = (step: ApplyStep): void => {
      if (step === 'committed') freeze(join(workspace, 'z'));
      if (step === 'undo-started') freezeLater();
      if (step === 'undo-started') freezeLater = () => undefined;
    };
    const failure = await applyChanges(workspace, toChanges(before, after), { readBody, onStep }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 'PARACLE_STACK_APPLY_UNDO_INCOMPLETE',
      suggestion: expect.stringContaining('recoverApply'),
    });
    expect(failure).toMatchObject({ details: { issues: [{ path: 'd/b' }] } });
    await expect(recoverApply(workspace)).rejects.toMatchObject({ code: 'PARACLE_STACK_APPLY_UNDO_INCOMPLETE' });
    thaw();
    await expect(recoverApply(workspace)).resolves.toBe('undone');
    expect(await readTree(workspace)).toEqual(sorted(before));
  });

  it('to nothing once the cause is gone: the same change set then applies', async () => {
    const onStep = once('committed', () => freeze(join(workspace, 'z')));
    await expect(applyChanges(workspace, toChanges(before, after), { readBody, onStep })).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_FAILED',
    });
    thaw();
    await applyChanges(workspace, toChanges(before, after), { readBody });
    expect(await readTree(workspace)).toEqual(sorted(after));
  });
});
