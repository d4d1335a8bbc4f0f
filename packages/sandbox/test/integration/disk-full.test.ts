import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { PrivateEngine } from '@paracle/test-support';
import { SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';

const full = expect.objectContaining({
  name: 'SandboxError',
  code: 'PARACLE_SANDBOX_ENGINE_DISK_FULL',
  cause: expect.objectContaining({
    // Which of the two depends on what found no room first.
    message: expect.stringMatching(/no space left on device|\/work\/work: no such file or directory/u),
  }),
});

it('says that the engine’s disk is full, leaves nothing behind, and works again once there is space', async () => {
  await using machine = await PrivateEngine.boot(Engine, { filesystem: 'ext4' });
  await using engine = new Engine({ endpoint: machine.endpoint });
  await using manager = new SandboxManager({ engine });
  machine.fillDisk();
  await expect(manager.create()).rejects.toEqual(full);
  expect(await listLeftBehind(engine)).toEqual([]);
  machine.freeDisk();
  // What the failure left of the supervisor's volume is no obstacle.
  const sandbox = await manager.create();
  const ofSandbox = await listLeftBehind(engine);

  machine.fillDisk();
  await expect(manager.create()).rejects.toEqual(full);
  expect(await listLeftBehind(engine)).toEqual(ofSandbox);
  await expect(sandbox.execute(['sh', '-c', 'head -c 10M /dev/zero > file'])).resolves.toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('No space left on device'),
  });
  await expect(sandbox.files.write('small', 'x')).rejects.toMatchObject({ errno: 'ENOSPC' });
  await expect(sandbox.execute(['sh', '-c', 'echo alive'])).resolves.toMatchObject({ stdout: 'alive\n' });
  await sandbox.destroy();
  expect(await listLeftBehind(engine)).toEqual([]);

  machine.freeDisk();
  await using again = await manager.create();
  await expect(again.execute(['sh', '-c', 'head -c 10M /dev/zero > file'])).resolves.toMatchObject({ exitCode: 0 });
});
