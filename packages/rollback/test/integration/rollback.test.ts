import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Engine, FileService } from '@paracle/core';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { execAsRoot } from '@paracle/test-support';
import { RollbackManager } from '../../src/index.js';
import { createVolumeImage } from './support/volume-image.js';

const manager = new SandboxManager();
const rollback = new RollbackManager({ engine: manager.engine });
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await manager.create();
});

afterAll(async () => {
  await manager.close();
});

/** Everything of the user's own files that a person would compare: names, types, modes, owners, times, links, contents. */
async function fingerprint(): Promise<string> {
  const script =
    'cd / && find workspace tmp home -printf "%p %y %m %U:%G %s %T@ %l\\n" | sort; find workspace tmp home -type f -exec sha256sum {} + | sort';
  return (await sandbox.execute(['sh', '-c', script], { maxOutputBytes: 10_000_000, check: true })).stdout;
}

async function run(script: string): Promise<void> {
  await sandbox.execute(['sh', '-c', script], { check: true });
}

describe('rollback', () => {
  it('puts everything back: contents, names, modes, times and links, and removes what is new', async () => {
    await run(
      'mkdir -p a/b; echo one > a/one; echo two > a/b/two; chmod 640 a/one; ln -s one a/link; touch -d "2001-02-03 04:05:06.123456789" a/b/two; mkdir empty; chmod 700 empty; echo x > "$(printf "odd\\377name")"',
    );
    const before = await fingerprint();
    const snapshotId = await rollback.createSnapshot(sandbox);
    await run(
      'echo changed > a/one; rm -rf a/b; ln -sfn two a/link; rmdir empty; echo file > empty; echo new > new; mkdir -p n/m; echo y > n/m/y; rm odd*; mkdir /tmp/junk; chmod 777 a',
    );
    expect(await fingerprint()).not.toBe(before);
    const result = await rollback.rollback(snapshotId, sandbox);
    expect(result.notRestored).toEqual([]);
    expect(await fingerprint()).toBe(before);
  });

  it('leaves container and connection as they are', async () => {
    const { id } = sandbox.container;
    const snapshotId = await rollback.createSnapshot(sandbox);
    await run('echo z > z');
    await rollback.rollback(snapshotId, sandbox);
    expect(sandbox.container.id).toBe(id);
    expect((await manager.engine.containers.inspect(id)).state.isRunning).toBe(true);
  });

  it('ends what runs as rolled back', async () => {
    const snapshotId = await rollback.createSnapshot(sandbox);
    const running = sandbox.execute(['sh', '-c', 'while :; do echo x >> log; sleep 0.01; done']);
    await rollback.rollback(snapshotId, sandbox);
    await expect(running).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_ROLLED_BACK',
      result: { cause: 'rolled_back' },
    });
    expect((await sandbox.execute(['ls', 'log'])).exitCode).not.toBe(0);
  });

  it('lets programs go on after a snapshot', async () => {
    const running = sandbox.execute(['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.1; done']);
    await rollback.createSnapshot(sandbox);
    expect((await running).stdout).toBe('1\n2\n3\n4\n5\n6\n7\n8\n');
  });

  it('can go back again from the safety snapshot', async () => {
    const snapshotId = await rollback.createSnapshot(sandbox);
    await run('echo later > later');
    const { safetySnapshotId = '' } = await rollback.rollback(snapshotId, sandbox);
    await rollback.rollback(safetySnapshotId, sandbox);
    expect((await sandbox.execute(['cat', 'later'])).stdout).toBe('later\n');
  });

  it('restores files of the image from the image', async () => {
    await using own = await manager.create({ workingDirectory: '/var/lib/dpkg' });
    // The working directory belongs to the sandbox's user, so that files in it can be deleted.
    const list = async (): Promise<string> =>
      (await own.execute(['sh', '-c', 'find /var/lib/dpkg -maxdepth 1 | sort; stat -c %Y /var/lib/dpkg'])).stdout;
    const before = await list();
    const snapshotId = await rollback.createSnapshot(own);
    await own.execute(['sh', '-c', 'ln -s /etc/passwd zzz'], { check: true });
    await rollback.rollback(snapshotId, own);
    expect(await list()).toBe(before);
  });

  it('tells in a dry run what it would do, and does nothing', async () => {
    await run('rm -rf *; echo old > kept; echo x > gone');
    const snapshotId = await rollback.createSnapshot(sandbox);
    const running = sandbox.execute(['sleep', '0.5']);
    await run('echo new > kept; rm gone; mkdir -p new/dir; echo y > new/dir/file');
    const before = await fingerprint();

    const { isDryRun, removed, restored, safetySnapshotId } = await rollback.rollback(snapshotId, sandbox, {
      dryRun: true,
    });

    expect({ isDryRun, removed, restored, safetySnapshotId }).toEqual({
      isDryRun: true,
      removed: ['/workspace/new'],
      restored: ['/workspace', '/workspace/gone', '/workspace/kept'],
      safetySnapshotId: undefined,
    });
    expect(await fingerprint()).toBe(before);
    await expect(running).resolves.toMatchObject({ exitCode: 0 });
  });

  it('puts back only what is asked for', async () => {
    await run('rm -rf *; mkdir -p src/deep; for f in a src/b src/deep/.c; do echo old > $f; done');
    const snapshotId = await rollback.createSnapshot(sandbox);
    await run('for f in a src/b new src/new; do echo new > $f; done; rm -r src/deep');

    const { removed } = await rollback.rollback(snapshotId, sandbox, { only: ['src/**'], root: '/workspace' });

    expect(removed).toEqual(['/workspace/src/new']);
    const { stdout } = await sandbox.execute(['sh', '-c', 'tail -n 1 a new src/b src/deep/.c; ls -A src']);
    expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('==>'))).toEqual([
      'new',
      'new',
      'old',
      'old',
      'b',
      'deep',
    ]);
    const running = sandbox.execute(['sleep', '1']);
    const invalid = { code: 'PARACLE_CORE_CONFIG_INVALID' };
    for (const wrong of [{ only: ['/a'] }, { only: [] }, { root: 'workspace' }, { dryrun: true } as object]) {
      await expect(rollback.rollback(snapshotId, sandbox, wrong)).rejects.toMatchObject(invalid);
    }
    await expect(running).resolves.toMatchObject({ exitCode: 0 });
    await expect(rollback.diff(snapshotId, sandbox, { root: 'workspace' })).rejects.toMatchObject(invalid);
    expect(await rollback.diff(snapshotId, sandbox, { root: '/workspace/' })).toMatchObject([
      { path: 'a' },
      { path: 'new' },
    ]);
    await run('mkdir -p data; echo x > data/keep; echo x > data/drop.txt');
    await rollback.rollback(snapshotId, sandbox, { only: ['data', '**/*.txt'], root: '/workspace/' });
    expect((await sandbox.execute(['ls', 'data'])).stdout).toBe('keep\n');
    await rollback.rollback(snapshotId, sandbox, { only: ['workspace/a'] });
    expect((await sandbox.files.read('a')).toString()).toBe('old\n');
  });

  it('says so when there is no such snapshot', async () => {
    await expect(rollback.rollback('snap_nope', sandbox)).rejects.toMatchObject({
      code: 'PARACLE_ROLLBACK_SNAPSHOT_NOT_FOUND',
      name: 'SnapshotNotFoundError',
    });
  });

  it('reaches a sandbox of another process by its id', async () => {
    await using other = new Engine();
    const elsewhere = new RollbackManager({ engine: other });
    const snapshotId = await elsewhere.createSnapshot(sandbox.id);
    await run('echo mine > mine');
    expect(await elsewhere.diff(snapshotId, sandbox.id, { root: '/workspace' })).toMatchObject([
      { path: 'mine', change: 'added' },
    ]);
    await elsewhere.rollback(snapshotId, sandbox.id);
    expect((await rollback.listSnapshots(sandbox)).map(({ id }) => id)).toContain(snapshotId);
  });

  it('finds the sandbox whose snapshot is to be deleted, by an engine that it finds too', async () => {
    await using own = await manager.create();
    const [kept, deleted] = [await rollback.createSnapshot(own), await rollback.createSnapshot(own)];
    await using finding = new RollbackManager();

    await finding.deleteSnapshot(deleted);

    expect((await rollback.listSnapshots(own)).map(({ id }) => id)).toEqual([kept]);
    await expect(finding.deleteSnapshot(deleted)).rejects.toMatchObject({ name: 'SnapshotNotFoundError' });
    await Promise.all([finding.close(), finding.close()]);
    await expect(finding.listSnapshots(own.id)).rejects.toMatchObject({ code: 'PARACLE_ENGINE_CLOSED' });
    await rollback.close();
    expect(await rollback.listSnapshots(own)).toHaveLength(1);
  });

  it('keeps no more snapshots than the policy says', async () => {
    for (let i = 0; i < 5; i++) await rollback.createSnapshot(sandbox);
    const kinds = (await rollback.listSnapshots(sandbox)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'requested')).toHaveLength(3);
  });

  it('refuses a snapshot that would be too large, before it begins', async () => {
    const small = new RollbackManager({ engine: manager.engine, config: { maxSnapshotMb: 1 } });
    await run('head -c 3000000 /dev/urandom > big');
    await expect(small.createSnapshot(sandbox)).rejects.toMatchObject({
      code: 'PARACLE_ROLLBACK_SNAPSHOT_TOO_LARGE',
      details: { largest: expect.arrayContaining(['/workspace/big']) },
    });
    expect((await sandbox.execute(['rm', 'big'])).exitCode).toBe(0);
  });
});

describe('diff', () => {
  it('tells what was added, modified and deleted, with digests', async () => {
    await run('rm -rf /workspace/*; echo same > same; echo old > changed; echo gone > gone; echo mode > mode');
    const snapshotId = await rollback.createSnapshot(sandbox);
    await run(
      'echo same > same; echo new! > changed; rm gone; chmod 755 mode; echo added > added; touch -d 2000-01-01 same',
    );
    const changes = await rollback.diff(snapshotId, sandbox, { root: '/workspace' });
    const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
    expect(changes).toMatchObject([
      { path: 'added', change: 'added', after: { digest: digest('added\n'), mode: 0o644, type: 'file' } },
      { path: 'changed', change: 'modified', before: { digest: digest('old\n') }, after: { digest: digest('new!\n') } },
      { path: 'gone', change: 'deleted', before: { digest: digest('gone\n') } },
      { path: 'mode', change: 'modified', before: { mode: 0o644 }, after: { mode: 0o755 } },
    ]);
    expect((await rollback.readContents(changes[1]?.before?.digest ?? 'sha256:', sandbox)).toString()).toBe('old\n');
  });

  it('compares two snapshots, contents of the image included', async () => {
    await run('rm -rf /workspace/*; echo one > one');
    const first = await rollback.createSnapshot(sandbox);
    await run('rm one; echo two > two');
    const second = await rollback.createSnapshot(sandbox);
    await run('rm two');

    expect(await rollback.diff(first, sandbox, { to: second, root: '/workspace' })).toMatchObject([
      { path: 'one', change: 'deleted' },
      { path: 'two', change: 'added' },
    ]);
    expect(await rollback.diff(second, sandbox, { to: second })).toEqual([]);
  });

  it('notices a change whose times were set back', async () => {
    await run('echo aaaa > sneaky; touch -d 2010-01-01 sneaky');
    const snapshotId = await rollback.createSnapshot(sandbox);
    await run('echo bbbb > sneaky; touch -d 2010-01-01 sneaky');
    const changes = await rollback.diff(snapshotId, sandbox, { root: '/workspace' });
    expect(changes.map(({ path }) => path)).toEqual(['sneaky']);
  });
});

describe('autoRollbackOnError', () => {
  it('rolls back on the errors that the policy names, and on no other', async () => {
    const picky = new RollbackManager({ engine: manager.engine, config: { policy: { triggers: ['on_timeout'] } } });
    await picky.createSnapshot(sandbox);
    await run('echo t > t');
    expect(await picky.autoRollbackOnError(sandbox, new Error('no'))).toBeUndefined();
    const timeout: unknown = await sandbox
      .execute(['sleep', '9'], { timeoutSeconds: 0.1 })
      .catch((error: unknown) => error);
    expect(await picky.autoRollbackOnError(sandbox, timeout)).toMatchObject({ removed: ['/workspace/t'] });
  });
});

describe('what is mounted', () => {
  it('is never removed, though a command moves the directory that it is in', async () => {
    const host = await mkdtemp(join(tmpdir(), 'paracle-rollback-'));
    await writeFile(join(host, 'precious'), 'of the host', { mode: 0o600 });
    await using mounting = new SandboxManager({ engine: manager.engine, allowedHostPaths: [host] });
    await using mounted = await mounting.create({
      mounts: [{ source: host, target: '/workspace/a/m', readOnly: false }],
    });
    const shell = async (script: string): Promise<unknown> => mounted.execute(['sh', '-c', script], { check: true });
    try {
      // The engine made the mount's parent.
      const user = { uid: mounted.user.uid, gid: mounted.user.gid };
      const connection = await mounted.engine.supervisors.connect(mounted.container.id);
      await using files = FileService.open(connection, 'root');
      await files.setAttributes('/workspace/a', { owner: user });
      const snapshotId = await rollback.createSnapshot(mounted);
      await shell('mv a b');

      await expect(rollback.rollback(snapshotId, mounted)).rejects.toMatchObject({
        code: 'PARACLE_ROLLBACK_MOUNT_MOVED',
        details: { moved: ['/workspace/b'] },
      });
      await expect(files.remove('/workspace/b')).rejects.toMatchObject({ errno: 'EXDEV' });
      expect(await readFile(join(host, 'precious'), 'utf8')).toBe('of the host');
      await shell('mv b a; echo new > new');
      await rollback.rollback(snapshotId, mounted);
      await expect(mounted.files.read('new')).rejects.toMatchObject({ errno: 'ENOENT' });
    } finally {
      await rm(host, { recursive: true });
    }
  });

  it('is refused where a command moved the directory with a volume in it, and covered again once it is moved back', async () => {
    await using image = await createVolumeImage(manager.engine, '/workspace/a/v');
    await using own = await manager.create({ baseImage: image.reference });
    const shell = async (script: string): Promise<unknown> => own.execute(['sh', '-c', script], { check: true });
    await execAsRoot(manager.engine, own.container.id, ['sh', '-c', 'chmod 777 /workspace/a /workspace/a/v']);
    await shell('echo kept > a/v/file');
    const snapshotId = await rollback.createSnapshot(own);
    expect((await rollback.listSnapshots(own))[0]).toMatchObject({
      covered: expect.arrayContaining(['/', '/dev/shm', '/workspace/a/v']),
      notCovered: expect.not.arrayContaining(['/workspace/a/v']),
    });
    await shell('mv a b; mkdir -p a/v; echo other > a/v/file');

    for (const attempt of [async () => rollback.createSnapshot(own), async () => rollback.rollback(snapshotId, own)]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'PARACLE_ROLLBACK_MOUNT_MOVED',
        details: { moved: ['/workspace/a/v'] },
      });
    }
    await shell('rm -r a; mv b a; echo changed > a/v/file');
    await rollback.rollback(snapshotId, own);

    expect((await own.files.read('a/v/file')).toString()).toBe('kept\n');
  });
});
