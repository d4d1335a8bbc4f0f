import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { recoverApply } from '../../../src/apply/recover-apply.js';
import { directory, file, makeDirectory, makeWorkspace, readTree, removeMade } from './support/tree.js';

const digest = `sha256:${'0'.repeat(64)}`;
const transaction = '.paracle/apply/transaction';

afterEach(removeMade);

/** Leaves a committed journal as a hostile archive might contain it. */
async function leaveJournal(workspace: string, text: string): Promise<void> {
  for (const name of ['staged', 'removed', 'backups'])
    await mkdir(join(workspace, transaction, name), { recursive: true });
  await writeFile(join(workspace, transaction, 'journal.json'), text);
  await writeFile(join(workspace, transaction, 'committed'), '');
}

describe('recoverApply', () => {
  it('has nothing to do in a workspace without a trace of us, and makes none', async () => {
    const workspace = await makeWorkspace({ a: file('a') });
    await expect(recoverApply(workspace)).resolves.toBe('nothing');
    await mkdir(join(workspace, '.paracle'));
    await expect(recoverApply(workspace)).resolves.toBe('nothing');
    expect(await readTree(workspace)).toEqual({ '.paracle': directory(), a: file('a') });
  });

  const after = { type: 'file', mode: 0o644, digest };
  const absent = { type: 'absent' };
  const hostile: readonly (readonly [string, unknown])[] = [
    ['leaves the workspace', { version: 1, changes: [{ path: '../up', before: absent, after }] }],
    ['writes a hook', { version: 1, changes: [{ path: '.git/hooks/pre-commit', before: absent, after }] }],
    ['sets set-id bits', { version: 1, changes: [{ path: 'a', before: absent, after: { ...after, mode: 0o4755 } }] }],
    [
      'makes a link that leaves',
      { version: 1, changes: [{ path: 'a', before: absent, after: { type: 'symlink', target: '/etc' } }] },
    ],
    ['is of another version', { version: 2, changes: [] }],
    ['has a key that is not known', { version: 1, changes: [], extra: true }],
  ];

  it.each(hostile)('follows no journal that %s', async (_, journal) => {
    const workspace = await makeWorkspace({});
    await leaveJournal(workspace, JSON.stringify(journal));
    await writeFile(join(workspace, transaction, 'staged/0'), 'hostile');
    const before = await readTree(workspace);
    await expect(recoverApply(workspace)).rejects.toMatchObject({ code: 'PARACLE_STACK_APPLY_JOURNAL_INVALID' });
    expect(await readTree(workspace)).toEqual(before);
  });

  it('does not quote what it could not read', async () => {
    const workspace = await makeWorkspace({});
    await leaveJournal(workspace, 'secret: not json');
    const failure: unknown = await recoverApply(workspace).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'PARACLE_STACK_APPLY_JOURNAL_INVALID' });
    expect(failure).not.toHaveProperty('cause');
    expect(JSON.stringify(failure)).not.toContain('secret');
  });

  it.each(['staged', 'removed', 'backups'])('moves nothing through a link in place of %s', async (name) => {
    const outside = await makeDirectory();
    await writeFile(join(outside, '0'), 'theirs');
    const workspace = await makeWorkspace({});
    await leaveJournal(workspace, JSON.stringify({ version: 1, changes: [{ path: 'a', before: absent, after }] }));
    await rm(join(workspace, transaction, name), { recursive: true });
    await symlink(outside, join(workspace, transaction, name));
    await expect(recoverApply(workspace)).rejects.toMatchObject({ code: 'PARACLE_STACK_APPLY_JOURNAL_INVALID' });
    expect(await readTree(outside)).toEqual({ '0': file('theirs') });
  });

  it('throws an apply away that was not committed', async () => {
    const workspace = await makeWorkspace({ a: file('a') });
    await leaveJournal(workspace, 'anything');
    await rm(join(workspace, transaction, 'committed'));
    await expect(recoverApply(workspace)).resolves.toBe('undone');
    expect(await readTree(workspace)).toEqual({ a: file('a') });
  });

  it('puts a file back that was changed while it was removed', async () => {
    const workspace = await makeWorkspace({});
    const changes = [{ path: 'gone', before: after, after: absent }];
    await leaveJournal(workspace, JSON.stringify({ version: 1, changes }));
    await writeFile(join(workspace, transaction, 'undo-prepared'), '');
    await writeFile(join(workspace, transaction, 'removed/0'), 'changed');
    await expect(recoverApply(workspace)).resolves.toBe('undone');
    expect(await readTree(workspace)).toEqual({ gone: file('changed') });
  });
});
