import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { PrivateEngine } from '@paracle/test-support';
import { ExecutionLostError, SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';

it('loses what runs, says why, and can clean up once the engine is back, when the engine is killed', async () => {
  await using machine = await PrivateEngine.boot(Engine);
  await using engine = new Engine({ endpoint: machine.endpoint });
  await using manager = new SandboxManager({ engine });
  const sandbox = await manager.create();
  const other = new SandboxManager({ engine });
  const left = await other.create();
  const execution = sandbox.start(['sh', '-c', 'echo up; sleep 900']);
  for await (const { bytes } of execution.output) if (bytes.length > 0) break;

  await machine.kill();
  const failure = execution.result;
  await expect(failure).rejects.toThrow(ExecutionLostError);
  await expect(failure).rejects.toMatchObject({
    message: expect.stringContaining('supervisor is gone'),
    result: { cause: 'lost', stdout: 'up\n' },
  });
  await expect(manager.create()).rejects.toMatchObject({ code: 'PARACLE_ENGINE_NOT_AVAILABLE' });
  await expect(sandbox.destroy()).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_CLEANUP_FAILED' });
  await expect(other.close()).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_CLEANUP_FAILED',
    message: '1 sandboxes could not be removed',
  });

  await machine.start();
  expect(await listLeftBehind(engine)).not.toEqual([]);
  await sandbox.destroy();
  await left.destroy();
  expect(await listLeftBehind(engine)).toEqual([]);
  await using another = await manager.create();
  await expect(another.execute(['true'])).resolves.toMatchObject({ exitCode: 0 });
}, 300_000);
