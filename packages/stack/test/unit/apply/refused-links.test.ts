import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { linkProblem } from '../../../src/apply/link-problem.js';
import { expectRefused } from './support/expect-refused.js';
import { directory, file, link, makeDirectory, readTree, removeMade, toChange } from './support/tree.js';

const good = toChange('good', undefined, file('x'));

afterEach(removeMade);

describe('links', () => {
  it.each([
    ['l', '/etc/passwd'],
    ['l', '..'],
    ['l', '../x'],
    ['d/l', '../../x'],
    ['d/l', '../..'],
    ['l', 'a/../../x'],
    ['l', 'a/../b'],
    ['l', './a/..'],
    ['l', ''],
    ['l', 'a\0b'],
    ['l', '.git/hooks'],
    ['d/l', '../.git'],
    ['l', '.paracle/apply'],
  ])('refuses %j -> %j', (path, target) => {
    expect(linkProblem(path, target)).toEqual(expect.any(String));
  });

  it.each([
    ['l', 'a'],
    ['l', '.'],
    ['l', './a/b'],
    ['d/l', '..'],
    ['d/l', '../a'],
    ['d/e/l', '../../a/b'],
    ['l', 'not-there'],
    ['l', '..a'],
    ['l', 'a//b'],
  ])('accepts %j -> %j', (path, target) => {
    expect(linkProblem(path, target)).toBeUndefined();
  });

  it('refuses a link whose target leaves the workspace through a link that is there', async () => {
    const reason = /through another link/u;
    await expectRefused(
      { out: link('/etc') },
      [good, toChange('l', undefined, link('out/passwd'))],
      [{ path: 'l', reason }],
    );
    await expectRefused(
      { d: directory(), 'd/up': link('../..') },
      [toChange('l', undefined, link('d/up'))],
      [{ path: 'l', reason }],
    );
    await expectRefused(
      { out: link('/nowhere/at/all') },
      [toChange('l', undefined, link('out'))],
      [{ path: 'l', reason: /leads nowhere/u }],
    );
    await expectRefused(
      { a: link('b'), b: link('a') },
      [toChange('l', undefined, link('a'))],
      [{ path: 'l', reason: /loop/u }],
    );
  });

  it('refuses to write behind a link, wherever it leads', async () => {
    const outside = await makeDirectory();
    await writeFile(join(outside, 'f'), 'x');
    const prepare = (workspace: string): Promise<void> => symlink(outside, join(workspace, 'out'));
    const reason = /is a symbolic link/u;
    await expectRefused({}, [toChange('out/new', undefined, file('x'))], [{ path: 'out/new', reason }], prepare);
    await expectRefused({}, [toChange('out/f', file('x'), undefined)], [{ path: 'out/f', reason }], prepare);
    await expectRefused(
      { in: link('d'), d: directory() },
      [toChange('in/new', undefined, file('x'))],
      [{ path: 'in/new', reason }],
    );
    expect(await readTree(outside)).toEqual({ f: file('x') });
  });

  it('refuses to write behind a link that the same change set makes', async () => {
    const changes = [toChange('d', undefined, link('e')), toChange('d/x', undefined, file('x'))];
    await expectRefused({}, changes, [{ path: 'd/x', reason: /no directory/u }]);
  });
});
