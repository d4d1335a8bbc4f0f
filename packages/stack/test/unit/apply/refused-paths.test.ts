import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { applyChanges } from '../../../src/apply/apply-changes.js';
import { pathProblem } from '../../../src/apply/path-problem.js';
import { expectRefused } from './support/expect-refused.js';
import { file, makeWorkspace, readBodyOf, removeMade, toChange } from './support/tree.js';

const good = toChange('good', undefined, file('x'));

afterEach(removeMade);

describe('paths that are refused', () => {
  it.each([
    '',
    '.',
    '..',
    '/',
    '/etc/passwd',
    '../up',
    'a/../../up',
    'a/..',
    './a',
    'a/./b',
    'a//b',
    'a/',
    'nul\0byte',
    'lone\ud800surrogate',
    'x'.repeat(256),
    '.git',
    '.git/hooks/pre-commit',
    '.GIT/config',
    'nested/.git/config',
    '.g\u200cit/config',
    'git~1/config',
    '.git./x',
    '.git /x',
    '.git::$INDEX_ALLOCATION/x',
    '.paracle',
    '.paracle/apply/journal.json',
    '.Paracle/x',
    '.paracle/apply/lock/x',
  ])('%j', async (path) => {
    await expectRefused({}, [good, toChange(path, undefined, file('x'))], [{ path, reason: /./u }]);
  });

  it.each([
    'a',
    'a b',
    'new\nline',
    '-rf',
    '$(id)',
    '..a',
    '...',
    'a/.gitignore',
    '.github/workflows',
    'sub/.paracle/x',
    'ünï',
    '\u{1f600}',
    'a\\b',
    '__proto__',
    'constructor/prototype',
  ])('but not %j', async (path) => {
    const workspace = await makeWorkspace({});
    await mkdir(join(workspace, path, '..'), { recursive: true });
    await applyChanges(workspace, [toChange(path, undefined, file('x'))], { readBody: readBodyOf({ x: file('x') }) });
    expect((await lstat(join(workspace, path))).isFile()).toBe(true);
  });

  it('says more about names on Windows', () => {
    expect(['a\\b', 'c:/x', 'a ', 'a.', 'a?'].map((path) => pathProblem(path, 'win32'))).not.toContain(undefined);
    expect(pathProblem('a/b.txt', 'win32')).toBeUndefined();
  });

  it('names every refused change at once', async () => {
    const changes = [toChange('../a', undefined, file('x')), good, toChange('.git/b', undefined, file('x'))];
    await expectRefused({}, changes, [
      { path: '../a', reason: /\.\./u },
      { path: '.git/b', reason: /git directory/u },
    ]);
  });
});
