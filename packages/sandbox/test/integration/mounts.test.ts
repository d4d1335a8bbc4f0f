import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SandboxManager } from '../../src/index.js';

/** Directories of the engine's host: `data` with a file, `out` that everybody may write to, `elsewhere`. */
let host: string;

beforeAll(() => {
  host = mkdtempSync(join(tmpdir(), 'paracle-mounts-'));
  chmodSync(host, 0o755);
  for (const name of ['allowed', 'allowed/data', 'allowed/out', 'elsewhere']) mkdirSync(join(host, name));
  writeFileSync(join(host, 'allowed/data/file'), 'of the host');
  // So that only the mount can be what refuses.
  for (const name of ['out', 'data', 'data/file']) chmodSync(join(host, 'allowed', name), 0o777);
  symlinkSync(join(host, 'elsewhere'), join(host, 'allowed/link'));
  symlinkSync('loop', join(host, 'allowed/loop'));
  symlinkSync(join(host, 'allowed'), join(host, 'also-allowed'));
});

afterAll(() => {
  rmSync(host, { recursive: true });
});

const allowed = (path = ''): string => join(host, 'allowed', path);

it('shows what was allowed, read-only unless told otherwise, and says that it does', async () => {
  await using manager = new SandboxManager({ allowedHostPaths: [allowed()] });
  await using sandbox = await manager.create({
    mounts: [
      { source: allowed('data'), target: '/workspace/data' },
      { source: allowed('out'), target: '/srv/out', readOnly: false },
    ],
  });
  const script =
    'cat data/file; touch data/new data/file 2>&1 | grep -c "Read-only file system"; echo done > /srv/out/result';

  expect(sandbox.guarantees.mounts).toEqual([
    { source: allowed('out'), target: '/srv/out', isReadOnly: false },
    { source: allowed('data'), target: '/workspace/data', isReadOnly: true },
  ]);
  expect(sandbox.guarantees.weaknesses).toEqual(
    expect.arrayContaining([
      `Commands can read the host’s ${allowed('data')}, as /workspace/data.`,
      `Commands can change the host’s ${allowed('out')}, as /srv/out, and no rollback puts it back.`,
    ]),
  );
  await expect(sandbox.execute(['sh', '-c', script])).resolves.toMatchObject({ stdout: 'of the host2\n' });
  expect(readFileSync(allowed('out/result'), 'utf8')).toBe('done\n');
});

it('keeps a read-only mount in a read-only sandbox', async () => {
  await using manager = new SandboxManager({ allowedHostPaths: [allowed()] });
  await using sandbox = await manager.create({
    readOnlyFilesystem: true,
    mounts: [{ source: allowed('data'), target: '/workspace/data' }],
    require: ['disk.hard'],
  });
  await expect(sandbox.execute(['cat', 'data/file'])).resolves.toMatchObject({ stdout: 'of the host' });
});

it.each([
  { title: 'was not allowed', source: () => join(host, 'elsewhere') },
  { title: 'only starts with the same letters', source: () => `${allowed()}-not` },
  { title: 'is led away from what was allowed by a link', source: () => allowed('link') },
  { title: 'leads nowhere, by a link to itself', source: () => allowed('loop') },
])('refuses what $title', async ({ source }) => {
  await using manager = new SandboxManager({ allowedHostPaths: [allowed()] });
  await expect(manager.create({ mounts: [{ source: source(), target: '/srv/x' }] })).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_MOUNT_REFUSED',
    suggestion: expect.stringContaining('allowedHostPaths'),
  });
});

it('follows the links of what is allowed, too', async () => {
  await using manager = new SandboxManager({ allowedHostPaths: [join(host, 'also-allowed')] });
  await using sandbox = await manager.create({
    mounts: [{ source: join(host, 'also-allowed/data'), target: '/srv/x' }],
  });
  await expect(sandbox.execute(['cat', '/srv/x/file'])).resolves.toMatchObject({ stdout: 'of the host' });
});

it('says what the engine says of a source that is not there, and leaves nothing', async () => {
  await using manager = new SandboxManager({ allowedHostPaths: [allowed()] });
  await expect(manager.create({ mounts: [{ source: allowed('no'), target: '/srv/x' }] })).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_CREATE_FAILED',
    message: expect.stringContaining('does not exist'),
  });
  expect(manager.getStats().activeCount).toBe(0);
});
