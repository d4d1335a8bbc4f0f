import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { applyChanges } from '../../../src/apply/apply-changes.js';
import { file, makeWorkspace, readBodyOf, readTree, removeMade, toChange, toChanges } from './support/tree.js';

afterEach(removeMade);

describe('the abort signal', () => {
  const after = { a: file('new') };
  const changes = toChanges({ a: file('old') }, after);

  it.each(['locked', 'checked', 'staging-made', 'entry-staged', 'staged', 'journal-written'])(
    'changes nothing when it fires at %s',
    async (at) => {
      const workspace = await makeWorkspace({ a: file('old') });
      const controller = new AbortController();
      const onStep = (step: string): void => {
        if (step === at) controller.abort(new TypeError('stop'));
      };
      const promise = applyChanges(workspace, changes, {
        readBody: readBodyOf(after),
        signal: controller.signal,
        onStep,
      });
      await expect(promise).rejects.toThrow('stop');
      expect(await readTree(workspace)).toEqual({ a: file('old') });
    },
  );

  it('changes nothing when it has fired before, and touches not even the lock', async () => {
    const workspace = await makeWorkspace({ a: file('old') });
    const onStep = jest.fn<(step: string) => void>();
    const promise = applyChanges(workspace, changes, {
      readBody: readBodyOf(after),
      signal: AbortSignal.abort(new TypeError('early')),
      onStep,
    });
    await expect(promise).rejects.toThrow('early');
    expect(onStep).not.toHaveBeenCalled();
  });

  it('rejects with its reason when the body source gives up on it', async () => {
    const workspace = await makeWorkspace({ a: file('old') });
    const controller = new AbortController();
    const readBody = async (): Promise<Uint8Array> => {
      controller.abort(new TypeError('stop'));
      throw new TypeError('body source stopped');
    };
    await expect(applyChanges(workspace, changes, { readBody, signal: controller.signal })).rejects.toThrow(/^stop$/u);
  });

  it.each(['committed', 'entry-placed', 'applied'])('completes when it fires at %s', async (at) => {
    const workspace = await makeWorkspace({ a: file('old') });
    const controller = new AbortController();
    const onStep = (step: string): void => {
      if (step === at) controller.abort();
    };
    await applyChanges(workspace, changes, { readBody: readBodyOf(after), signal: controller.signal, onStep });
    expect(await readTree(workspace)).toEqual(after);
  });
});

describe('bodies', () => {
  it('refuses contents that are not the approved ones, without showing them', async () => {
    const workspace = await makeWorkspace({ a: file('old') });
    const changes = toChanges({ a: file('old') }, { a: file('new'), b: file('b') });
    const failure = await applyChanges(workspace, changes, { readBody: async () => Buffer.from('secret') }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'PARACLE_STACK_APPLY_BODY_MISMATCH' });
    expect(JSON.stringify(failure)).not.toContain('secret');
    expect(await readTree(workspace)).toEqual({ a: file('old') });
  });

  it('passes on why contents could not be read', async () => {
    const workspace = await makeWorkspace({});
    await mkdir(join(workspace, 'd'));
    await writeFile(join(workspace, 'd/x'), 'x');
    const cause = new TypeError('store is gone');
    const promise = applyChanges(workspace, [toChange('a', undefined, file('a'))], {
      readBody: () => Promise.reject(cause),
    });
    await expect(promise).rejects.toMatchObject({ code: 'PARACLE_STACK_APPLY_BODY_UNREADABLE', cause });
    expect(Object.keys(await readTree(workspace))).toEqual(['d', 'd/x']);
  });
});
