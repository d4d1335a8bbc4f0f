import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { execAsRoot, waitUntil } from '@paracle/test-support';
import { RollbackManager } from '../../src/index.js';

const manager = new SandboxManager();
const rollback = new RollbackManager({ engine: manager.engine });
let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await manager.create();
});

afterAll(() => manager.close());

async function run(script: string): Promise<string> {
  return (await sandbox.execute(['sh', '-c', script], { check: true })).stdout;
}

/** Maps a file and writes to it once `/workspace/go` is there, which moves no time of change while a page is dirty. */
const WRITE_MAPPED = `
import mmap, os, sys, time
with open(sys.argv[1], 'r+b') as file:
    memory = mmap.mmap(file.fileno(), 0)
    memory[0:3] = b'old'
    open('/workspace/ready', 'w')
    while not os.path.exists('/workspace/go'): time.sleep(0.01)
    memory[0:3] = b'new'
    open('/workspace/done', 'w')
    time.sleep(100)
`;

it.each(['/workspace/mapped', '/dev/shm/mapped'])('sees what a program writes to a mapped file: %s', async (path) => {
  const isThere = async (name: string): Promise<boolean> =>
    (await sandbox.execute(['test', '-e', `/workspace/${name}`])).exitCode === 0;
  await run(`printf ___ > ${path}`);
  const program = sandbox.execute(['python3', '-c', WRITE_MAPPED, path]).catch(() => undefined);
  await waitUntil('the file was mapped', async () => isThere('ready'));
  const first = await rollback.createSnapshot(sandbox);
  const before = await run(`stat -c %z ${path}; touch go`);
  await waitUntil('the file was written to', async () => isThere('done'));
  expect(await run(`stat -c %z ${path}`)).toBe(before);

  expect((await rollback.diff(first, sandbox)).map((change) => change.path)).toContain(path);
  const second = await rollback.createSnapshot(sandbox);
  await rollback.rollback(first, sandbox);
  expect(await run(`cat ${path}`)).toBe('old');
  await rollback.rollback(second, sandbox);
  expect(await run(`cat ${path}`)).toBe('new');
  await program;
});

it('keeps set-group-ID, which the kernel takes away from whoever is not of the group', async () => {
  await run('chmod 2775 /workspace; echo old > file; chmod 2755 file; mkdir sub');
  const snapshotId = await rollback.createSnapshot(sandbox);
  await run('echo new > file; chmod 755 file; rmdir sub; echo > more');

  await rollback.rollback(snapshotId, sandbox);

  expect(await run('stat -c %a /workspace file sub')).toBe('2775\n2755\n2755\n');
});

it('never reaches into a mount by a path that was something else when the snapshot was taken', async () => {
  const host = await mkdtemp(join(tmpdir(), 'paracle-rollback-'));
  await writeFile(join(host, 'run.sh'), 'of the host', { mode: 0o600 });
  const before = await stat(host);
  await using mounting = new SandboxManager({ engine: manager.engine, allowedHostPaths: [host] });
  await using mounted = await mounting.create({
    mounts: [{ source: host, target: '/workspace/p/m', readOnly: false }],
  });
  const shell = async (script: string): Promise<unknown> => mounted.execute(['sh', '-c', script], { check: true });
  try {
    await execAsRoot(manager.engine, mounted.container.id, ['chmod', '777', '/workspace/p']);
    await shell('mv p q; mkdir -p p/m; echo hostile > p/m/run.sh');
    const snapshotId = await rollback.createSnapshot(mounted);
    await shell('mv p r; mv q p');

    await expect(rollback.rollback(snapshotId, mounted)).rejects.toMatchObject({
      code: 'PARACLE_ROLLBACK_MOUNT_MOVED',
      details: { moved: expect.arrayContaining(['/workspace/p/m', '/workspace/p/m/run.sh']) },
    });
    expect(await readFile(join(host, 'run.sh'), 'utf8')).toBe('of the host');
    const after = await stat(host);
    expect([after.uid, after.mode]).toEqual([before.uid, before.mode]);
  } finally {
    await rm(host, { recursive: true });
  }
});

it('gives nobody access by a list that a directory hands on', async () => {
  // Of version 2: the owner, user 1001, the group, the mask and others. Source: acl(5), posix_acl_xattr.h.
  const entries = [
    [1, 7, -1],
    [2, 7, 1001],
    [4, 5, -1],
    [16, 7, -1],
    [32, 5, -1],
  ];
  const list = `import os,struct; os.setxattr('/workspace','system.posix_acl_default',struct.pack('<I',2)+b''.join(struct.pack('<HHi',*e) for e in ${JSON.stringify(entries)}))`;
  await run('echo old > file');
  await sandbox.execute(['python3', '-c', list], { check: true });
  const snapshotId = await rollback.createSnapshot(sandbox);
  await run('echo new > file');

  await rollback.rollback(snapshotId, sandbox);

  expect(await run("cat file; python3 -c \"import os; print(os.listxattr('file'), len(os.listxattr('.')))\"")).toBe(
    'old\n[] 1\n',
  );
});

it('makes room by what it replaces where a file system is full', async () => {
  await run('head -c 40000000 /dev/urandom > /dev/shm/file; sha256sum /dev/shm/file > before');
  const snapshotId = await rollback.createSnapshot(sandbox);
  await run('cat /dev/zero >> /dev/shm/file 2> /dev/null || true');
  expect((await sandbox.execute(['sh', '-c', 'echo > /dev/shm/more'])).exitCode).not.toBe(0);

  await rollback.rollback(snapshotId, sandbox);

  expect(await run('sha256sum -c before')).toContain('OK');
});

it('does not confuse a vast file with a small one that is made of its digest', async () => {
  await run('truncate -s 2G vast; echo begin | dd of=vast conv=notrunc status=none');
  const snapshotId = await rollback.createSnapshot(sandbox);
  const forge = `
import struct
block = b'begin\\n' + bytes(65530)
open('forged', 'wb').write(struct.pack('<QQ', 2 << 30, 0) + block)
`;
  await sandbox.execute(['python3', '-c', forge], { check: true });
  await run('rm vast');
  await rollback.createSnapshot(sandbox);

  await rollback.rollback(snapshotId, sandbox);

  expect(await run('stat -c %s vast; head -c 6 vast')).toBe(`${2 ** 31}\nbegin\n`);
});
