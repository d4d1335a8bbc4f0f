import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { execAsRoot } from '@paracle/test-support';
import { RollbackManager } from '../../src/index.js';
import { createImageWith, type TestImage } from './support/image-with.js';

// Of version 2: the owner, user 1001, the group, the mask and others. Source: acl(5), posix_acl_xattr.h of the kernel.
const LIST = [
  [1, 6, 0],
  [2, 6, 1001],
  [4, 4, 0],
  [16, 6, 0],
  [32, 4, 0],
]
  .map(([tag = 0, rights = 0, id = 0]) => {
    const entry = Buffer.alloc(8);
    entry.writeUInt16LE(tag, 0);
    entry.writeUInt16LE(rights, 2);
    entry.writeUInt32LE(id, 4);
    return entry.toString('latin1');
  })
  .join('');
const ACCESS_LIST = `\u0002\0\0\0${LIST}`;
/** CAP_NET_BIND_SERVICE, permitted and effective. Source: capability.h of the kernel, VFS_CAP_REVISION_2. */
const CAPABILITIES = `\u0001\0\0\u0002\0\u0004${'\0'.repeat(14)}`;

const manager = new SandboxManager();
const rollback = new RollbackManager({ engine: manager.engine });
let script = '';
let image: TestImage;
let sandbox: Sandbox;

beforeAll(async () => {
  script = await readFile(new URL('support/trees.py', import.meta.url), 'utf8');
  const file = { type: 'file', mode: 0o644, contents: 'of the image\n' } as const;
  const directory = { type: 'directory', mode: 0o755 } as const;
  image = await createImageWith(manager.engine, [
    { ...directory, path: 'workspace/' },
    { ...file, path: 'workspace/coloured', attributes: { 'user.colour': 'blue' } },
    { ...file, path: 'workspace/listed', mode: 0o664, attributes: { 'system.posix_acl_access': ACCESS_LIST } },
    { ...file, path: 'workspace/set-id', mode: 0o6755 },
    { ...file, path: 'workspace/odd\xff\xfe name+%41' },
    { ...directory, path: 'workspace/directory\xff/' },
    { ...file, path: 'workspace/directory\xff/\xc3\xbc' },
    {
      ...directory,
      path: 'workspace/marked/',
      attributes: { 'user.mark': 'x', 'system.posix_acl_default': ACCESS_LIST },
    },
    { ...file, path: 'workspace/marked/file' },
    { ...file, path: 'workspace/capable', mode: 0o755, attributes: { 'security.capability': CAPABILITIES } },
  ]);
}, 120_000);

beforeEach(async () => {
  sandbox = await manager.create({ baseImage: image.reference });
});

afterEach(async () => {
  await sandbox.destroy();
});

afterAll(async () => {
  await image[Symbol.asyncDispose]();
  await manager.close();
});

/** Past the supervisor, whose work is judged. */
async function show(): Promise<string> {
  return execAsRoot(manager.engine, sandbox.container.id, ['python3', '-c', script, 'show', '/workspace']);
}

async function run(command: string): Promise<void> {
  await sandbox.execute(['sh', '-c', command], { check: true });
}

it.each([
  ['deletes', 'rm -rf coloured listed set-id odd* directory* marked'],
  ['overwrites', 'for f in coloured listed set-id odd* directory*/* marked/file; do echo new > "$f"; done'],
  ['replaces', 'for f in coloured listed set-id odd* marked; do rm -r "$f"; mkdir "$f"; done'],
  [
    'takes attributes from',
    "python3 -c \"import os; os.removexattr('coloured', 'user.colour'); os.removexattr('marked', 'user.mark')\"",
  ],
])(
  'restores what a command %s that the image has, with attributes and by names that are not UTF-8',
  async (_what, command) => {
    const before = await show();
    expect(before).toContain('user.colour');
    const snapshotId = await rollback.createSnapshot(sandbox);
    await run(command);
    expect(await show()).not.toBe(before);

    const { notRestored } = await rollback.rollback(snapshotId, sandbox);

    expect(notRestored).toEqual([]);
    expect(await show()).toBe(before);
  },
);

it('finds the digest of what had a name that is not UTF-8 in the image', async () => {
  const snapshotId = await rollback.createSnapshot(sandbox);
  await run('rm odd*');

  expect(await rollback.diff(snapshotId, sandbox, { root: '/workspace' })).toMatchObject([
    { path: 'odd\ufffd\ufffd name+%41', change: 'deleted', before: { digest: expect.stringMatching(/^sha256:/u) } },
  ]);
});

it('names a program that lost its capabilities', async () => {
  expect(await show()).toContain('security.capability');
  const first = await rollback.createSnapshot(sandbox);
  const notKept = async (): Promise<readonly string[] | undefined> =>
    (await rollback.listSnapshots(sandbox)).at(-1)?.notKept;
  expect(await notKept()).toEqual(['/workspace/capable']);
  expect((await rollback.rollback(first, sandbox)).notRestored).toEqual([]);
  expect(await show()).toContain('security.capability');
  await run('chmod 700 capable');
  const second = await rollback.createSnapshot(sandbox);
  expect(await notKept()).toEqual(['/workspace/capable']);
  await run('rm capable');

  expect((await rollback.rollback(second, sandbox, { dryRun: true })).notRestored).toEqual(['/workspace/capable']);
  for (const snapshotId of [second, first])
    expect((await rollback.rollback(snapshotId, sandbox)).notRestored).toEqual(['/workspace/capable']);
  expect((await sandbox.files.read('capable')).toString()).toBe('of the image\n');
});
