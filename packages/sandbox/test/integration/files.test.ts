import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FileService } from '@paracle/core';
import { type Sandbox, SandboxManager } from '../../src/index.js';

const manager = new SandboxManager();
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await manager.create();
});

afterAll(async () => {
  await manager.close();
});

describe('files', () => {
  it('writes and reads as the user, whole or not at all', async () => {
    await sandbox.files.write('a.txt', 'hello');
    expect((await sandbox.files.read('a.txt')).toString()).toBe('hello');
    expect((await sandbox.execute(['stat', '-c', '%U:%u %a', 'a.txt'])).stdout).toBe('UNKNOWN:1000 644\n');
    await sandbox.files.remove('a.txt');
    await expect(sandbox.files.read('a.txt')).rejects.toMatchObject({ errno: 'ENOENT' });
  });

  it('takes bytes, modes and paths, and lists the working directory', async () => {
    await sandbox.files.makeDirectory('plain');
    await sandbox.files.makeDirectory('closed', { mode: 0o700 });
    await sandbox.files.write('plain/bytes', Buffer.of(0, 255));
    const modes = (await sandbox.files.list()).map(({ path, mode }) => [path.toString(), mode]);
    expect(modes).toEqual(
      expect.arrayContaining([
        ['/workspace/plain', 0o755],
        ['/workspace/closed', 0o700],
        ['/workspace/plain/bytes', 0o644],
      ]),
    );
    await expect(sandbox.files.read('a\0b')).rejects.toThrow('A path can hold no NUL byte');
  });

  it('is refused by the kernel what the user is refused', async () => {
    await expect(sandbox.files.read('/etc/shadow')).rejects.toMatchObject({ errno: 'EACCES' });
    await expect(sandbox.files.write('/etc/evil', 'x')).rejects.toMatchObject({ errno: 'EACCES' });
    await expect(sandbox.files.read('/proc/1/environ')).rejects.toMatchObject({ errno: 'EACCES' });
    await expect(sandbox.files.list('/.paracle/store')).rejects.toMatchObject({ errno: 'EACCES' });
  });

  it('refuses a file that is larger than allowed', async () => {
    await sandbox.execute(['sh', '-c', 'head -c 2000000 /dev/zero > big']);
    await expect(sandbox.files.read('big', { maxBytes: 1000 })).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_FILE_TOO_LARGE',
      details: { path: 'big', maxBytes: 1000 },
    });
  });

  it('keeps files apart that are written at the same time', async () => {
    const connection = await manager.engine.supervisors.connect(sandbox.container.id);
    await using service = FileService.open(connection, sandbox.user);
    const contents = Array.from({ length: 12 }, (_value, index) => Buffer.alloc(300_000 + index, index + 1));
    await Promise.all(
      contents.map(async (bytes, index) => service.write(`/workspace/p${index}`, bytes, { mode: 0o644 })),
    );
    const digests = await Promise.all(contents.map(async (_bytes, index) => service.hash(`/workspace/p${index}`)));
    expect(digests).toEqual(contents.map((bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`));
  });

  it('as root, never follows a link that the user has put there', async () => {
    await sandbox.execute(['sh', '-c', 'ln -s /etc etc; ln -s /etc/passwd passwd'], { check: true });
    const connection = await manager.engine.supervisors.connect(sandbox.container.id);
    await using service = FileService.open(connection, 'root');
    await expect(service.write('/workspace/etc/evil', Buffer.from('x'), {})).rejects.toMatchObject({
      errno: 'ENOTDIR',
    });
    await service.setAttributes('/workspace/passwd', { owner: { uid: 1000, gid: 1000 }, mode: 0o777 });
    expect(await service.stat('/etc/passwd')).toMatchObject({ uid: 0, mode: 0o644 });
    await expect(service.read('/workspace/passwd', 1000)).rejects.toMatchObject({ errno: 'ELOOP' });
  });
});

describe('copyIn', () => {
  it('copies contents, modes, times and links, follows none, and leaves out what the filter says', async () => {
    const source = await mkdtemp(join(tmpdir(), 'paracle-copy-'));
    await mkdir(join(source, 'd'));
    await writeFile(join(source, 'd/run'), '#!/bin/sh\n', { mode: 0o755 });
    await writeFile(join(source, 'secret.env'), 'x');
    await symlink('/etc/passwd', join(source, 'd/link'));
    const filter = (path: string): boolean => !path.endsWith('.env');
    expect(await sandbox.copyIn(source, { to: 'copy', filter })).toEqual({ fileCount: 1, sizeBytes: 10, skipped: [] });
    const listed = await sandbox.execute(['find', 'copy', '-mindepth', '1', '-printf', '%P %y %m %u %l\\n']);
    expect(listed.stdout.split('\n').sort()).toEqual([
      '',
      'd d 755 1000 ',
      'd/link l 777 1000 /etc/passwd',
      'd/run f 755 1000 ',
    ]);
    await rm(source, { recursive: true });
  });

  it('copies to the working directory unless told otherwise, and names what it leaves out', async () => {
    const source = await mkdtemp(join(tmpdir(), 'paracle-copy-'));
    await writeFile(join(source, 'copied'), 'contents');
    execFileSync('mkfifo', [join(source, 'pipe')]);
    expect(await sandbox.copyIn(source)).toEqual({ fileCount: 1, sizeBytes: 8, skipped: ['pipe'] });
    expect((await sandbox.files.read('/workspace/copied')).toString()).toBe('contents');
    await rm(source, { recursive: true });
  });
});
