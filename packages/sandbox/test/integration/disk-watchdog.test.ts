import { expect, it } from '@jest/globals';
import { waitUntil } from '@paracle/test-support';
import { SandboxManager } from '../../src/index.js';

const MEBIBYTE = 1024 * 1024;
const python = (...lines: readonly string[]): readonly string[] => ['python3', '-Sc', lines.join('\n')];
/** 32 MiB each tenth of a second, without an end. */
const POUR = python(
  'import time',
  'with open("/var/tmp/fill", "wb") as file:',
  '  while True: file.write(bytes(32 << 20)); file.flush(); time.sleep(0.1)',
);

it('ends a command that takes more disk space than a watchdog allows, and says so', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 64, diskEnforcement: 'soft' });

  expect(sandbox.guarantees.disk).toEqual({ enforcement: 'soft', mechanism: 'watchdog', limitBytes: 64 * MEBIBYTE });
  expect(sandbox.guarantees.weaknesses).toContainEqual(expect.stringContaining('watched, not limited'));
  const failure: unknown = await sandbox.execute(POUR).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_EXCEEDED',
    limitsHit: [
      { limit: 'disk', evidence: { takenBytes: expect.any(Number), limit: 64 * MEBIBYTE }, scope: 'execution' },
    ],
    result: { cause: 'disk', signal: 'SIGKILL', survivorCount: 0 },
  });
  // What is there may be removed, though it is more than the limit.
  await sandbox.execute(['sh', '-c', 'sleep 2; rm /var/tmp/fill'], { check: true });
  await expect(sandbox.execute(['sh', '-c', 'head -c 32M /dev/zero > kept; sleep 2'])).resolves.toMatchObject({
    cause: 'exited',
    limitsHit: [],
  });
});

it('finds space that many small files take, and space in the volumes of the image', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 16, diskEnforcement: 'soft' });
  const files = python('for n in range(10 ** 7): open(f"empty-{n}", "w").close()');
  await expect(sandbox.execute(files)).rejects.toMatchObject({ result: { cause: 'disk' } });
});

it('does not take a file with holes for what it seems to be, and counts each hard link for its share', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 16, diskEnforcement: 'soft' });
  const script = [
    'truncate -s 8T sparse',
    'head -c 8M /dev/zero > file',
    'for n in 1 2 3 4 5 6; do ln file link-$n; done',
    'sleep 2',
  ].join('\n');
  await expect(sandbox.execute(['sh', '-c', script])).resolves.toMatchObject({ exitCode: 0, limitsHit: [] });
});

it('counts what a program changed of the image’s own files', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({
    diskMb: 4,
    diskEnforcement: 'soft',
    user: '33:33',
    workingDirectory: '/var/www',
  });
  const script = 'head -c 3M /dev/zero > a; cp a b; touch -d 2000-01-01 a b; sleep 5';
  await expect(sandbox.execute(['sh', '-c', script])).rejects.toMatchObject({ result: { cause: 'disk' } });
});

it('takes a tree that is too deep to be looked at for too much', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 64, diskEnforcement: 'soft' });
  const dig = python('import os, time', 'for n in range(1500): os.mkdir("d"); os.chdir("d")', 'time.sleep(20)');
  await expect(sandbox.execute(dig)).rejects.toMatchObject({
    limitsHit: [{ limit: 'disk', evidence: { unseenTrees: 1, limit: 64 * MEBIBYTE }, scope: 'execution' }],
    result: { cause: 'disk' },
  });
  // It stays so until the tree is gone, and is not laid to those who come after.
  await expect(sandbox.execute(['sleep', '30'])).rejects.toMatchObject({
    limitsHit: [{ limit: 'disk', scope: 'shared' }],
    result: { cause: 'disk' },
  });
});

it('ends what a command left running, too', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 64, diskEnforcement: 'soft' });
  const leave = `import subprocess, sys; subprocess.Popen([sys.executable, "-Sc", ${JSON.stringify(POUR[2])}])`;
  const { hasBackground } = await sandbox.execute(python(leave), { background: 'keep' });
  expect(hasBackground).toBe(true);
  await expect(sandbox.execute(['sleep', '30'])).rejects.toMatchObject({
    limitsHit: [{ limit: 'disk', scope: 'shared' }],
    result: { cause: 'disk' },
  });
  await waitUntil('all are gone', async () => (await sandbox.getStats()).pids === 1 || undefined);
});

it('is not blinded by a command that uses up all processes', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 32, diskEnforcement: 'soft', pidsLimit: 16 });
  const hoard = python(
    'import os, signal, time',
    'try:',
    '  while True:',
    '    if os.fork() == 0: signal.pause()',
    'except OSError: pass',
    'time.sleep(1)',
    'open("file", "wb").write(bytes(64 << 20))',
    'time.sleep(60)',
  );
  await expect(sandbox.execute(hoard)).rejects.toMatchObject({
    limitsHit: [{ limit: 'pids' }, { limit: 'disk', evidence: { takenBytes: expect.any(Number) } }],
    result: { cause: 'disk' },
  });
});

it('lets a file pass that was written from outside, and looks no more once what was left running has ended', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 8, diskEnforcement: 'soft' });
  const waiting = sandbox.execute(['sleep', '3']);
  await sandbox.files.write('file', Buffer.alloc(16 << 20));
  await expect(waiting).resolves.toMatchObject({ cause: 'exited', limitsHit: [] });
  await sandbox.execute(['sh', '-c', 'sleep 2 & exit 0'], { background: 'keep' });
  await waitUntil('the watchdog rests', async () => (await sandbox.getStats()).pids === 1 || undefined);
});
