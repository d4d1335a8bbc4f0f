import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { PrivateEngine } from '@paracle/test-support';
import { type Sandbox, SandboxManager } from '../../src/index.js';
import { createAlteringEngine } from './support/altering-engine.js';

const MEBIBYTE = 1024 * 1024;
const FULL = /Disk quota exceeded|No space left/u;

const fill = (mebibytes: number): readonly string[] => [
  'dd',
  'if=/dev/urandom',
  'of=/workspace/file',
  'bs=1M',
  `count=${mebibytes}`,
  'oflag=dsync',
];

/** A million files of 512 bytes: more than fit, though the file system keeps such small contents beside their names. */
const TINY = `
import errno, os
os.mkdir('/workspace/tiny')
try:
    for n in range(10 ** 6):
        with open(f'/workspace/tiny/a-file-with-a-name-of-some-length-{n}', 'wb') as file: file.write(os.urandom(512))
        if n % 1000 == 0: os.sync()
    print('none')
except OSError as error:
    print(errno.errorcode[error.errno], n > 1000)
`;

async function expectSparseFileToTakeNothing(sandbox: Sandbox): Promise<void> {
  const script = 'truncate -s 8T sparse && stat -c "%s %b" sparse && head -c 1M sparse | wc -c && rm sparse';
  await expect(sandbox.execute(['sh', '-c', script])).resolves.toMatchObject({
    stdout: `${8 * MEBIBYTE ** 2} 0\n${MEBIBYTE}\n`,
  });
}

/** Where the engine leaves out the quota, no sandbox is handed out. */
async function expectRefusalWithoutQuota(endpoint: string): Promise<void> {
  await using altering = await createAlteringEngine((body) => Reflect.deleteProperty(body.HostConfig, 'StorageOpt'), {
    endpoint,
  });
  await using engine = new Engine({ endpoint: altering.endpoint });
  await using manager = new SandboxManager({ engine });
  await expect(manager.create({ diskMb: 64 })).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_UNENFORCED',
    message: expect.stringContaining('disk space is limited to nothing'),
  });
}

it('limits disk space by the storage driver where that has quotas, beside the image’s own bytes', async () => {
  await using machine = await PrivateEngine.boot(Engine, { filesystem: 'btrfs' });
  await using engine = new Engine({ endpoint: machine.endpoint });
  await using manager = new SandboxManager({ engine });
  await using sandbox = await manager.create({ diskMb: 64, require: ['disk.hard'] });
  await using tiny = await manager.create({ diskMb: 64, require: ['disk.hard'] });
  await using unlimited = await manager.create();

  expect((await engine.capabilities()).storageDriver).toBe('btrfs');
  expect(sandbox.guarantees.disk).toEqual({ enforcement: 'hard', mechanism: 'quota', limitBytes: 64 * MEBIBYTE });
  await expectSparseFileToTakeNothing(sandbox);
  await expect(sandbox.execute(fill(48))).resolves.toMatchObject({ exitCode: 0 });
  await expect(sandbox.execute(fill(96))).rejects.toMatchObject({
    limitsHit: [{ limit: 'disk', evidence: { limit: 64 * MEBIBYTE }, path: '/workspace', scope: 'execution' }],
    result: { cause: 'exited', exitCode: 1, stderr: expect.stringMatching(FULL) },
  });
  await expect(tiny.execute(['python3', '-Sc', TINY], { timeoutSeconds: 100 })).resolves.toMatchObject({
    stdout: expect.stringMatching(/^(?:EDQUOT|ENOSPC) True\n$/u),
  });
  await expect(unlimited.execute(fill(96))).resolves.toMatchObject({ exitCode: 0 });
  await expectRefusalWithoutQuota(machine.endpoint);
});
