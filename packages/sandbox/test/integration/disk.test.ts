import { expect, it } from '@jest/globals';
import { LimitUnenforcedError, SandboxManager } from '../../src/index.js';

const MEBIBYTE = 1024 * 1024;
const python = (...lines: readonly string[]): readonly string[] => ['python3', '-Sc', lines.join('\n')];

/** Fills every writable directory, first with files and then with bytes, and prints the error that ended each. */
const FILL = python(
  'import errno',
  'for place in ["/workspace", "/tmp", "/home/sandbox"]:',
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
    memory: { enforcement: 'hard', limitBytes: 32 * MEBIBYTE },
    disk: { enforcement: 'hard', mechanism: 'tmpfs', limitBytes: 64 * MEBIBYTE },
    weaknesses: [],
  });
  const { stdout } = await sandbox.execute(FILL, { check: true });
  expect(stdout.trim().split('\n')).toEqual([
    '/workspace ENOSPC ENOSPC',
    '/tmp ENOSPC ENOSPC',
    '/home/sandbox ENOSPC ENOSPC',
  ]);
  // Full, it still has all the memory that it was given.
  const useMemory = python('pieces = [bytearray(b"x" * 1048576) for _ in range(20)]', 'print(len(pieces))');
  await expect(sandbox.execute(useMemory)).resolves.toMatchObject({ stdout: '20\n' });
  await expect(sandbox.getStats()).resolves.toMatchObject({ oomKills: 0 });
});

it('runs programs from a read-only sandbox’s own directories and writes nowhere else', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ readOnlyFilesystem: true });
  const script = [
    'printf "#!/bin/sh\\necho ran" > tool && chmod +x tool && ./tool',
    'touch ~/file /tmp/file && truncate -s 8T sparse && stat -c %b sparse',
    'find / -xdev -type d -writable 2>/dev/null',
    'touch /etc/file /usr/file /file /.paracle/file /var/tmp/file 2>&1 | grep -c "Read-only file system"',
    "awk '$4 ~ /^rw/ { print $2 }' /proc/mounts",
  ].join('\n');
  const { stdout } = await sandbox.execute(['sh', '-c', script]);
  const lines = stdout.trim().split('\n');

  expect(lines.slice(0, 2)).toEqual(['ran', '0']);
  expect(lines.filter((line) => line.startsWith('/') && !/^\/(proc|sys|dev)(\/|$)/u.test(line)).sort()).toEqual(
    expect.arrayContaining(['/home/sandbox', '/tmp', '/workspace']),
  );
  expect(lines).toContain('5');
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

it('makes no sandbox without what was required of it, and leaves nothing of it', async () => {
  await using manager = new SandboxManager();
  await expect(manager.create({ require: ['disk.hard'] })).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_UNENFORCED',
    differences: ['disk.hard was required and does not hold'],
  });
  expect(manager.getStats()).toMatchObject({ activeCount: 0, failedCount: 1 });
});
