import { expect, it } from '@jest/globals';
import { callEngine } from '@paracle/test-support';
import { LimitUnenforcedError, SandboxManager } from '../../src/index.js';

const MEBIBYTE = 1024 * 1024;
const python = (...lines: readonly string[]): readonly string[] => ['python3', '-Sc', lines.join('\n')];

/** Fills every writable directory, first with files and then with bytes, and prints the error that ended each. */
const FILL = python(
  'import errno',
  'for place in ["/workspace", "/tmp", "/dev/shm", "/home/sandbox"]:',
  '  ends = []',
  '  try:',
  '    for n in range(10 ** 7): open(f"{place}/a-file-with-a-name-of-some-length-{n}", "w").close()',
  '  except OSError as error: ends.append(errno.errorcode[error.errno])',
  '  try:',
  '    with open(f"{place}/a-file-with-a-name-of-some-length-0", "wb") as file:',
  '      while True: file.write(bytes(1048576)); file.flush()',
  '  except OSError as error: ends.append(errno.errorcode[error.errno])',
  '  print(place, *ends)',
);

it('limits disk space in memory: full is ENOSPC and never OOM, by tiny files and by large ones', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 64, diskEnforcement: 'tmpfs', memoryMb: 32 });

  expect(sandbox.guarantees).toMatchObject({
    memory: { enforcement: 'hard', limitBytes: expect.any(Number), reservedForFilesBytes: expect.any(Number) },
    disk: { enforcement: 'hard', mechanism: 'tmpfs', limitBytes: expect.any(Number) },
  });
  expect(sandbox.guarantees.weaknesses).not.toContainEqual(expect.stringMatching(/disk space/iu));
  const { memory, disk } = sandbox.guarantees;
  expect(Number(memory.limitBytes) - Number(memory.reservedForFilesBytes)).toBe(32 * MEBIBYTE);
  expect(disk.limitBytes).toBeLessThanOrEqual(64 * MEBIBYTE);
  expect(disk.limitBytes).toBeGreaterThan(63 * MEBIBYTE);
  const { stdout } = await sandbox.execute(FILL, { check: true });
  expect(stdout.trim().split('\n')).toEqual([
    '/workspace ENOSPC ENOSPC',
    '/tmp ENOSPC ENOSPC',
    '/dev/shm ENOSPC ENOSPC',
    '/home/sandbox ENOSPC ENOSPC',
  ]);
  // Full, it still has all the memory that it was given.
  const useMemory = python('pieces = [bytearray(b"x" * 1048576) for _ in range(20)]', 'print(len(pieces))');
  await expect(sandbox.execute(useMemory)).resolves.toMatchObject({ stdout: '20\n' });
  await expect(sandbox.getStats()).resolves.toMatchObject({ oomKills: 0 });
});

const FILL_ONE = 'dd if=/dev/zero of="$0"/file bs=64k';

it('names the directory that a command has filled, and does not lay it to the commands that come after', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 16, diskEnforcement: 'tmpfs' });
  const tmp = sandbox.guarantees.disk.parts?.find(({ path }) => path === '/tmp');
  const hit = { limit: 'disk', evidence: { limit: tmp?.limitBytes }, path: '/tmp' };

  await expect(sandbox.execute(['sh', '-c', FILL_ONE, '/tmp'])).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_EXCEEDED',
    message: expect.stringContaining('disk limit'),
    limitsHit: [{ ...hit, scope: 'execution' }],
    result: { cause: 'exited', exitCode: 1 },
  });
  await expect(sandbox.execute(['false'])).resolves.toMatchObject({
    exitCode: 1,
    limitsHit: [{ ...hit, scope: 'shared' }],
  });
  await expect(sandbox.execute(['sh', '-c', `rm /tmp/file; ${FILL_ONE}; true`, '.'])).resolves.toMatchObject({
    exitCode: 0,
    limitsHit: [{ limit: 'disk', path: '/workspace', scope: 'execution' }],
  });
  await sandbox.execute(['rm', 'file']);
  await expect(sandbox.execute(['false'])).resolves.toMatchObject({ exitCode: 1, limitsHit: [] });
});

it('does not lay to a command what was written from outside', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 16, diskEnforcement: 'tmpfs' });
  const fill = async (sizeBytes: number): Promise<void> => {
    for (let n = 0; ; n++) await sandbox.files.write(`file-${sizeBytes}-${n}`, Buffer.alloc(sizeBytes));
  };
  for (const sizeBytes of [1_048_576, 65_536, 4096])
    await expect(fill(sizeBytes)).rejects.toMatchObject({ errno: 'ENOSPC' });
  await expect(sandbox.execute(['false'])).resolves.toMatchObject({
    exitCode: 1,
    limitsHit: [{ limit: 'disk', path: '/workspace', scope: 'shared' }],
  });
});

it('does not take a directory that it may not write to for full', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 16, diskEnforcement: 'tmpfs' });
  await expect(sandbox.execute(['sh', '-c', 'chmod 0 /workspace; exit 1'])).resolves.toMatchObject({ limitsHit: [] });
});

/** Fills every writable directory with pages that lie far apart, and with attributes of files. */
const SCATTER = python(
  'import errno, os',
  'for place in ["/workspace", "/tmp", "/dev/shm", "/home/sandbox"]:',
  '  end = ""',
  '  for n in range(10 ** 6):',
  '    try:',
  '      file = os.open(f"{place}/{n}", os.O_CREAT | os.O_WRONLY)',
  '      try: os.setxattr(file, "user.note", bytes(1000))',
  '      except OSError: pass',
  '      for at in range(64): os.pwrite(file, b"x", at * ((1 << 62) // 64))',
  '      os.close(file)',
  '    except OSError as error:',
  '      end = errno.errorcode[error.errno]',
  '      break',
  '  print(place, end)',
);

it('is full and not out of memory where each page lies far from the next', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ diskMb: 128, diskEnforcement: 'tmpfs', memoryMb: 64 });
  const { stdout } = await sandbox.execute(SCATTER, { check: true });

  expect(stdout.match(/ENOSPC/gu)?.length).toBe(4);
  await expect(sandbox.getStats()).resolves.toMatchObject({ oomKills: 0 });
});

it('runs programs from a read-only sandbox’s own directories and writes nowhere else', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ readOnlyFilesystem: true });
  const script = [
    'printf "#!/bin/sh\\necho ran" > tool && chmod +x tool && ./tool',
    'touch ~/file /tmp/file && truncate -s 8T sparse && stat -c %b sparse',
    'touch /etc/file /usr/file /file /.paracle/file /var/tmp/file 2>&1 | grep -c "Read-only file system"',
    'find / -path /proc -prune -o -type d -perm /222 -writable -print 2>/dev/null | sort',
  ].join('\n');
  const { stdout } = await sandbox.execute(['sh', '-c', script]);
  const lines = stdout.trim().split('\n');

  expect(lines).toEqual(['ran', '0', '5', '/dev/mqueue', '/dev/shm', '/home/sandbox', '/tmp', '/workspace']);
});

it('sees it where somebody else has changed the container', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ memoryMb: 64, require: ['memory.hard', 'pids.hard', 'network.hard'] });
  await expect(sandbox.verify()).resolves.toEqual(sandbox.guarantees);
  await sandbox.engine.containers.update(sandbox.container.id, { Memory: 128 * MEBIBYTE, MemorySwap: 128 * MEBIBYTE });

  const verified = sandbox.verify();
  await expect(verified).rejects.toThrow(LimitUnenforcedError);
  await expect(verified).rejects.toThrow(`memory is limited to ${128 * MEBIBYTE}`);
});

it('sees it where somebody else has given the container a network', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ require: ['network.hard'] });
  const { networks, containers } = sandbox.engine;
  const { id } = await networks.create({ Name: `paracle-test-${sandbox.id}`, Internal: true });
  try {
    const container = { Container: sandbox.container.id };
    await callEngine(sandbox.engine, 'POST', '/networks/none/disconnect', container);
    await callEngine(sandbox.engine, 'POST', `/networks/${id}/connect`, container);
    await expect(sandbox.verify()).rejects.toThrow('network.hard was required and does not hold');
  } finally {
    await containers.remove(sandbox.container.id, { force: true });
    await networks.remove(id);
  }
});

it('gives up looking at a sandbox that is paused, when it was told to', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create();
  await sandbox.engine.containers.pause(sandbox.container.id);
  await expect(sandbox.verify({ timeoutMs: 300 })).rejects.toThrow(/timeout/iu);
  await expect(sandbox.verify({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  await sandbox.engine.containers.unpause(sandbox.container.id);
  await expect(sandbox.verify()).resolves.toEqual(sandbox.guarantees);
});

it('makes no sandbox without what was required of it, and leaves nothing of it', async () => {
  await using manager = new SandboxManager();
  await expect(manager.create({ require: ['disk.hard'] })).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_UNENFORCED',
    differences: ['disk.hard was required and does not hold'],
  });
  expect(manager.getStats()).toMatchObject({ activeCount: 0, failedCount: 1 });
});
