import { afterEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileChange } from '@paracle/rollback';
import { applyChanges } from '../../../src/apply/apply-changes.js';
import { linkProblem } from '../../../src/apply/link-problem.js';
import { pathProblem } from '../../../src/apply/path-problem.js';
import { directory, file, link, makeDirectory, makeWorkspace, readBodyOf, readTree, toChange, toState, type Tree } from './support/tree.js';

const made: string[] = [];

afterEach(async () => {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true });
});

async function expectRefused(tree: Tree, changes: readonly FileChange[], issues: readonly { path: string; reason: RegExp }[], prepare?: (workspace: string) => Promise<void>): Promise<void> {
  const workspace = await makeWorkspace(tree);
  made.push(workspace);
  await prepare?.(workspace);
  const before = await readTree(workspace);
  const promise = applyChanges(workspace, changes, { readBody: readBodyOf({ x: file('x') }) });
  await expect(promise).rejects.toMatchObject({
    code: 'PARACLE_STACK_APPLY_REFUSED',
    issues: issues.map(({ path, reason }) => ({ path, reason: expect.stringMatching(reason) })),
  });
  expect(await readTree(workspace)).toEqual(before);
}

const good = toChange('good', undefined, file('x'));

describe('paths that are refused', () => {
  it.each([
    '', '.', '..', '/', '/etc/passwd', '../up', 'a/../../up', 'a/..', './a', 'a/./b', 'a//b', 'a/', 'nul\0byte', 'lone\ud800surrogate',
    'x'.repeat(256), '.git', '.git/hooks/pre-commit', '.GIT/config', 'nested/.git/config', '.g\u200cit/config', 'git~1/config', '.git./x', '.git /x',
    '.git::$INDEX_ALLOCATION/x', '.paracle', '.paracle/apply/journal.json', '.Paracle/x', '.paracle/apply/lock/x',
  ])('%j', async (path) => {
    await expectRefused({}, [good, toChange(path, undefined, file('x'))], [{ path, reason: /./u }]);
  });

  it.each(['a', 'a b', 'new\nline', '-rf', '$(id)', '..a', '...', 'a/.gitignore', '.github/workflows', 'sub/.paracle/x', 'ünï', '\u{1f600}', 'a\\b', '__proto__', 'constructor/prototype'])(
    'but not %j',
    async (path) => {
      const workspace = await makeWorkspace({});
      made.push(workspace);
      await mkdir(join(workspace, path, '..'), { recursive: true });
      await applyChanges(workspace, [toChange(path, undefined, file('x'))], { readBody: readBodyOf({ x: file('x') }) });
      expect((await lstat(join(workspace, path))).isFile()).toBe(true);
    },
  );

  it('says more about names on Windows', () => {
    expect(['a\\b', 'c:/x', 'a ', 'a.', 'a?'].map((path) => pathProblem(path, 'win32'))).not.toContain(undefined);
    expect(pathProblem('a/b.txt', 'win32')).toBeUndefined();
  });

  it('names every refused change at once', async () => {
    const changes = [toChange('../a', undefined, file('x')), good, toChange('.git/b', undefined, file('x'))];
    await expectRefused({}, changes, [{ path: '../a', reason: /\.\./u }, { path: '.git/b', reason: /git directory/u }]);
  });
});

describe('links', () => {
  it.each([
    ['l', '/etc/passwd'], ['l', '..'], ['l', '../x'], ['d/l', '../../x'], ['d/l', '../..'], ['l', 'a/../../x'], ['l', 'a/../b'], ['l', './a/..'],
    ['l', ''], ['l', 'a\0b'], ['l', '.git/hooks'], ['d/l', '../.git'], ['l', '.paracle/apply'],
  ])('refuses %j -> %j', (path, target) => {
    expect(linkProblem(path, target)).toEqual(expect.any(String));
  });

  it.each([['l', 'a'], ['l', '.'], ['l', './a/b'], ['d/l', '..'], ['d/l', '../a'], ['d/e/l', '../../a/b'], ['l', 'not-there'], ['l', '..a'], ['l', 'a//b']])('accepts %j -> %j', (path, target) => {
    expect(linkProblem(path, target)).toBeUndefined();
  });

  it('refuses a link whose target leaves the workspace through a link that is there', async () => {
    const reason = /through another link/u;
    await expectRefused({ out: link('/etc') }, [good, toChange('l', undefined, link('out/passwd'))], [{ path: 'l', reason }]);
    await expectRefused({ d: directory(), 'd/up': link('../..') }, [toChange('l', undefined, link('d/up'))], [{ path: 'l', reason }]);
    await expectRefused({ out: link('/nowhere/at/all') }, [toChange('l', undefined, link('out'))], [{ path: 'l', reason: /leads nowhere/u }]);
    await expectRefused({ a: link('b'), b: link('a') }, [toChange('l', undefined, link('a'))], [{ path: 'l', reason: /loop/u }]);
  });

  it('refuses to write behind a link, wherever it leads', async () => {
    const outside = await makeDirectory();
    made.push(outside);
    await writeFile(join(outside, 'f'), 'x');
    const prepare = (workspace: string): Promise<void> => symlink(outside, join(workspace, 'out'));
    const reason = /is a symbolic link/u;
    await expectRefused({}, [toChange('out/new', undefined, file('x'))], [{ path: 'out/new', reason }], prepare);
    await expectRefused({}, [toChange('out/f', file('x'), undefined)], [{ path: 'out/f', reason }], prepare);
    await expectRefused({ in: link('d'), d: directory() }, [toChange('in/new', undefined, file('x'))], [{ path: 'in/new', reason }]);
    expect(await readTree(outside)).toEqual({ f: file('x') });
  });

  it('refuses to write behind a link that the same change set makes', async () => {
    const changes = [toChange('d', undefined, link('e')), toChange('d/x', undefined, file('x'))];
    await expectRefused({}, changes, [{ path: 'd/x', reason: /no directory/u }]);
  });
});

describe('changes that are refused', () => {
  it.each([0o4755, 0o2755, 0o1755])('a file or directory with the mode %s', async (mode) => {
    const changes = [toChange('f', undefined, file('x', mode)), toChange('d', undefined, directory(mode)), toChange('a', file('x'), file('x', mode))];
    const reason = /set-id and sticky bits/u;
    await expectRefused({ a: file('x') }, changes, ['f', 'd', 'a'].map((path) => ({ path, reason })));
  });

  it('an edit of a file that has set-id bits in the workspace', async () => {
    await expectRefused({ a: file('y', 0o4755) }, [toChange('a', file('y', 0o755), file('x', 0o755))], [{ path: 'a', reason: /set-id/u }]);
  });

  it('special files, on either side', async () => {
    const other = { ...toState(file('x')), type: 'other' } as const;
    const changes: FileChange[] = [{ path: 'a', change: 'added', after: other }, { path: 'b', change: 'deleted', before: other }];
    const reason = /neither a file/u;
    await expectRefused({}, changes, [{ path: 'a', reason }, { path: 'b', reason }]);
  });

  it('states that are incomplete or contradict the kind of change', async () => {
    const { digest: _, ...noDigest } = toState(file('x'));
    const { target: __, ...noTarget } = toState(link('x'));
    const changes: FileChange[] = [
      { path: 'a', change: 'added', after: noDigest },
      { path: 'b', change: 'added', after: noTarget },
      { path: 'c', change: 'added', after: { ...noDigest, digest: 'sha256:abc' } },
      { path: 'd', change: 'added' },
      { path: 'e', change: 'deleted', before: toState(file('x')), after: toState(file('x')) },
      { path: 'f', change: 'modified', after: toState(file('x')) },
    ];
    const reasons = [/digest/u, /target/u, /digest/u, /added/u, /deleted/u, /modified/u];
    await expectRefused({}, changes, changes.map(({ path }, index) => ({ path, reason: reasons[index] ?? /never/u })));
  });

  it('the same path twice', async () => {
    await expectRefused({}, [toChange('a', undefined, file('y')), toChange('a', undefined, file('x'))], [{ path: 'a', reason: /twice/u }]);
  });

  it('a file below what is no directory afterwards', async () => {
    const changes = [toChange('d', undefined, file('x')), toChange('d/x', undefined, file('x'))];
    await expectRefused({}, changes, [{ path: 'd/x', reason: /no directory/u }]);
  });

  it('a file on another file system than the workspace', async () => {
    const workspace = await makeWorkspace({ mounted: directory() });
    made.push(workspace);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', join(workspace, 'mounted')]);
    try {
      const promise = applyChanges(workspace, [toChange('mounted/x', undefined, file('x'))], { readBody: readBodyOf({ x: file('x') }) });
      await expect(promise).rejects.toMatchObject({ code: 'PARACLE_STACK_APPLY_REFUSED', message: expect.stringContaining('another file system') });
      expect(Object.keys(await readTree(workspace))).toEqual(['mounted']);
    } finally {
      execFileSync('umount', [join(workspace, 'mounted')]);
    }
  });
});

it('refuses a workspace whose .paracle is a link or a file', async () => {
  const outside = await makeDirectory();
  const workspace = await makeWorkspace({ '.paracle': link(outside) });
  made.push(workspace, outside);
  const options = { readBody: readBodyOf({ x: file('x') }) };
  await expect(applyChanges(workspace, [good], options)).rejects.toMatchObject({ code: 'PARACLE_STACK_WORKSPACE_INVALID' });
  await rm(join(workspace, '.paracle'));
  await writeFile(join(workspace, '.paracle'), '');
  await expect(applyChanges(workspace, [good], options)).rejects.toMatchObject({ code: 'PARACLE_STACK_WORKSPACE_INVALID' });
  expect(await readTree(outside)).toEqual({});
});
