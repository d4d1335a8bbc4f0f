import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { FileChange } from '@paracle/rollback';
import { applyChanges } from '../../../src/apply/apply-changes.js';
import { expectRefused } from './support/expect-refused.js';
import {
  directory,
  file,
  link,
  makeDirectory,
  makeWorkspace,
  readBodyOf,
  readTree,
  removeMade,
  toChange,
  toState,
} from './support/tree.js';

const good = toChange('good', undefined, file('x'));

afterEach(removeMade);

describe('changes that are refused', () => {
  it.each([0o4755, 0o2755, 0o1755])('a file or directory with the mode %s', async (mode) => {
    const changes = [
      toChange('f', undefined, file('x', mode)),
      toChange('d', undefined, directory(mode)),
      toChange('a', file('x'), file('x', mode)),
    ];
    const reason = /set-id and sticky bits/u;
    await expectRefused(
      { a: file('x') },
      changes,
      ['f', 'd', 'a'].map((path) => ({ path, reason })),
    );
  });

  it('an edit of a file that has set-id bits in the workspace', async () => {
    await expectRefused(
      { a: file('y', 0o4755) },
      [toChange('a', file('y', 0o755), file('x', 0o755))],
      [{ path: 'a', reason: /set-id/u }],
    );
  });

  it('special files, on either side', async () => {
    const other = { ...toState(file('x')), type: 'other' } as const;
    const changes: FileChange[] = [
      { path: 'a', change: 'added', after: other },
      { path: 'b', change: 'deleted', before: other },
    ];
    const reason = /neither a file/u;
    await expectRefused({}, changes, [
      { path: 'a', reason },
      { path: 'b', reason },
    ]);
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
    await expectRefused(
      {},
      changes,
      changes.map(({ path }, index) => ({ path, reason: reasons[index] ?? /never/u })),
    );
  });

  it('the same path twice', async () => {
    await expectRefused(
      {},
      [toChange('a', undefined, file('y')), toChange('a', undefined, file('x'))],
      [{ path: 'a', reason: /twice/u }],
    );
  });

  it('a file below what is no directory afterwards', async () => {
    const changes = [toChange('d', undefined, file('x')), toChange('d/x', undefined, file('x'))];
    await expectRefused({}, changes, [{ path: 'd/x', reason: /no directory/u }]);
  });

  it('a file on another file system than the workspace', async () => {
    const workspace = await makeWorkspace({ mounted: directory() });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', join(workspace, 'mounted')]);
    try {
      const promise = applyChanges(workspace, [toChange('mounted/x', undefined, file('x'))], {
        readBody: readBodyOf({ x: file('x') }),
      });
      await expect(promise).rejects.toMatchObject({
        code: 'PARACLE_STACK_APPLY_REFUSED',
        message: expect.stringContaining('another file system'),
      });
      expect(Object.keys(await readTree(workspace))).toEqual(['mounted']);
    } finally {
      execFileSync('umount', [join(workspace, 'mounted')]);
    }
  });
});

it('refuses a workspace whose .paracle is a link or a file', async () => {
  const outside = await makeDirectory();
  const workspace = await makeWorkspace({ '.paracle': link(outside) });
  const options = { readBody: readBodyOf({ x: file('x') }) };
  await expect(applyChanges(workspace, [good], options)).rejects.toMatchObject({
    code: 'PARACLE_STACK_WORKSPACE_INVALID',
  });
  await rm(join(workspace, '.paracle'));
  await writeFile(join(workspace, '.paracle'), '');
  await expect(applyChanges(workspace, [good], options)).rejects.toMatchObject({
    code: 'PARACLE_STACK_WORKSPACE_INVALID',
  });
  expect(await readTree(outside)).toEqual({});
});
