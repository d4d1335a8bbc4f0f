import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { SandboxManager } from '../../src/index.js';
import { PrivateEngine } from './support/private-engine.js';

const MEBIBYTE = 1024 * 1024;

it('limits disk space by the storage driver where that has quotas, beside the image’s own bytes', async () => {
  await using machine = await PrivateEngine.boot({ filesystem: 'btrfs' });
  await using engine = new Engine({ endpoint: machine.endpoint });
  await using manager = new SandboxManager({ engine });
  await using sandbox = await manager.create({ diskMb: 64, require: ['disk.hard'] });
  await using unlimited = await manager.create();
  const fill = (mebibytes: number): readonly string[] => [
    'dd',
    'if=/dev/urandom',
    'of=/workspace/file',
    'bs=1M',
    `count=${mebibytes}`,
    'oflag=dsync',
  ];

  expect((await engine.capabilities()).storageDriver).toBe('btrfs');
  expect(sandbox.guarantees.disk).toEqual({ enforcement: 'hard', mechanism: 'quota', limitBytes: 64 * MEBIBYTE });
  await expect(sandbox.execute(fill(48))).resolves.toMatchObject({ exitCode: 0 });
  await expect(sandbox.execute(fill(96))).rejects.toMatchObject({
    limitsHit: [{ limit: 'disk', evidence: { limit: 64 * MEBIBYTE }, path: '/workspace', scope: 'execution' }],
    result: { cause: 'exited', exitCode: 1, stderr: expect.stringMatching(/Disk quota exceeded|No space left/u) },
  });
  await expect(unlimited.execute(fill(96))).resolves.toMatchObject({ exitCode: 0 });
});
