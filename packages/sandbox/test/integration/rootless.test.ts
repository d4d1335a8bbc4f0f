import { expect, it } from '@jest/globals';
import { doctor, Engine } from '@paracle/core';
import { PrivateEngine } from '@paracle/test-support';
import { SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';

it('hands out no sandbox on a rootless engine that has no control groups, says why, and leaves nothing', async () => {
  await using machine = await PrivateEngine.boot(Engine, { isRootless: true });
  await using engine = new Engine({ endpoint: machine.endpoint });
  await using manager = new SandboxManager({ engine });

  expect(await engine.capabilities()).toMatchObject({ isRootless: true, cgroupDriver: 'none', hasMemoryLimit: false });
  expect((await doctor(engine)).findings).toContainEqual(
    expect.objectContaining({ status: 'problem', remedy: expect.stringContaining('rootless') }),
  );
  await expect(manager.create()).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_UNENFORCED',
    differences: expect.arrayContaining([
      'memory is limited to nothing inside',
      'processes are limited to nothing inside',
    ]),
  });
  expect(await listLeftBehind(engine)).toEqual([]);
}, 300_000);
