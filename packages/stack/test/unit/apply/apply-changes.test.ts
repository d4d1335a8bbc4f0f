import { chmod, chown, lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { applyChanges } from '../../../src/apply/apply-changes.js';
import { everyKindAfter, everyKindBefore } from './support/every-kind.js';
import {
  directory,
  file,
  makeWorkspace,
  readBodyOf,
  readTree,
  removeMade,
  sorted,
  type Tree,
  toChange,
  toChanges,
} from './support/tree.js';

afterEach(removeMade);

describe('applyChanges', () => {
  it('applies every kind of change and leaves nothing of its own', async () => {
    const workspace = await makeWorkspace(everyKindBefore);
    const changes = toChanges(everyKindBefore, everyKindAfter);
    const result = await applyChanges(workspace, changes, { readBody: readBodyOf(everyKindAfter) });
    expect(await readTree(workspace)).toEqual(sorted(everyKindAfter));
    expect(result).toEqual({ paths: changes.map((change) => change.path), recovered: 'nothing' });
  });

  it('applies a change set back to where it came from', async () => {
    const workspace = await makeWorkspace(everyKindBefore);
    const readBody = readBodyOf(everyKindBefore, everyKindAfter);
    await applyChanges(workspace, toChanges(everyKindBefore, everyKindAfter), { readBody });
    await applyChanges(workspace, toChanges(everyKindAfter, everyKindBefore), { readBody });
    expect(await readTree(workspace)).toEqual(sorted(everyKindBefore));
  });

  it('does not depend on the order of the changes', async () => {
    const workspace = await makeWorkspace(everyKindBefore);
    const changes = toChanges(everyKindBefore, everyKindAfter).toReversed();
    await applyChanges(workspace, changes, { readBody: readBodyOf(everyKindAfter) });
    expect(await readTree(workspace)).toEqual(sorted(everyKindAfter));
  });

  it('changes a mode in place, without replacing the file', async () => {
    const workspace = await makeWorkspace({ 'run.sh': file('x') });
    const { ino } = await lstat(join(workspace, 'run.sh'));
    const readBody = jest.fn(readBodyOf());
    await applyChanges(workspace, [toChange('run.sh', file('x'), file('x', 0o755))], { readBody });
    const stats = await lstat(join(workspace, 'run.sh'));
    expect({ ino: stats.ino, mode: stats.mode & 0o777 }).toEqual({ ino, mode: 0o755 });
    expect(readBody).not.toHaveBeenCalled();
  });

  it('keeps a mode that the user set and the change does not touch', async () => {
    const workspace = await makeWorkspace({ 'run.sh': file('old') });
    await chmod(join(workspace, 'run.sh'), 0o750);
    const after = { 'run.sh': file('new') };
    await applyChanges(workspace, toChanges({ 'run.sh': file('old') }, after), { readBody: readBodyOf(after) });
    expect(await readTree(workspace)).toEqual({ 'run.sh': file('new', 0o750) });
  });

  it('applies 1,000 files', async () => {
    const before: Tree = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`old-${index}`, file(`old ${index}`)]),
    );
    const after: Tree = {
      src: directory(),
      ...Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`old-${index}`, file(`new ${index}`)])),
      ...Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`src/new-${index}`, file(`added ${index}`)])),
    };
    const workspace = await makeWorkspace(before);
    await applyChanges(workspace, toChanges(before, after), { readBody: readBodyOf(after) });
    expect(await readTree(workspace)).toEqual(sorted(after));
  }, 60_000);

  it('leaves other files of Paracle in the workspace alone', async () => {
    const workspace = await makeWorkspace({ '.paracle': directory(), '.paracle/config.json': file('{}') });
    await applyChanges(workspace, [toChange('a', undefined, file('a'))], { readBody: readBodyOf({ a: file('a') }) });
    expect(Object.keys(await readTree(workspace))).toEqual(['.paracle', '.paracle/config.json', 'a']);
  });

  it('has nothing to do for a change of owner', async () => {
    const workspace = await makeWorkspace({ a: file('a') });
    const change = toChange('a', file('a'), file('a'));
    await applyChanges(workspace, [change], { readBody: readBodyOf() });
    expect(await readTree(workspace)).toEqual({ a: file('a') });
  });

  it('keeps the owner of a replaced file and gives a new one that of its directory, when run by root', async () => {
    if (process.getuid?.() !== 0) throw new TypeError('Expected to run as root');
    const workspace = await makeWorkspace({ a: file('a') });
    await chown(workspace, 1234, 1234);
    await chown(join(workspace, 'a'), 1235, 1235);
    const after = { a: file('b'), d: directory(), 'd/new': file('n') };
    await applyChanges(workspace, toChanges({ a: file('a') }, after), { readBody: readBodyOf(after) });
    const uids = await Promise.all(['a', 'd', 'd/new'].map(async (name) => (await lstat(join(workspace, name))).uid));
    expect(uids).toEqual([1235, 1234, 1234]);
  });

  it('logs a failing step listener and goes on', async () => {
    const workspace = await makeWorkspace({});
    const warn = jest.fn();
    const logger = { debug: warn, info: warn, warn, error: warn, child: () => logger };
    const onStep = (): void => {
      throw new TypeError('listener');
    };
    await applyChanges(workspace, [toChange('a', undefined, file('a'))], {
      readBody: readBodyOf({ a: file('a') }),
      onStep,
      logger,
    });
    expect(await readFile(join(workspace, 'a'), 'utf8')).toBe('a');
    expect(warn).toHaveBeenCalledWith(expect.objectContaining({ step: 'locked' }), 'apply step listener failed');
  });

  it('refuses a workspace that is missing or no directory', async () => {
    const workspace = await makeWorkspace({ a: file('a') });
    const options = { readBody: readBodyOf() };
    await expect(applyChanges(join(workspace, 'none'), [], options)).rejects.toMatchObject({
      code: 'PARACLE_STACK_WORKSPACE_INVALID',
    });
    await expect(applyChanges(join(workspace, 'a'), [], options)).rejects.toMatchObject({
      code: 'PARACLE_STACK_WORKSPACE_INVALID',
    });
  });
});
