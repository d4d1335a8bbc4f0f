import { expect, it } from '@jest/globals';
import { ImageNotFoundError } from '@paracle/core';
import { callEngine } from '@paracle/test-support';
import { SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';
import { deriveImage } from './support/test-image.js';

it('works on in a sandbox whose image was removed by force, and says so at the next one', async () => {
  await using manager = new SandboxManager();
  const { engine } = manager;
  const image = await deriveImage(engine, ['ENV MARK=here']);
  const sandbox = await manager.create({ baseImage: image.reference });
  await callEngine(engine, 'DELETE', `/images/${image.reference}?force=1`);

  await expect(sandbox.execute(['printenv', 'MARK'])).resolves.toMatchObject({ stdout: 'here\n' });
  await expect(sandbox.verify()).resolves.toEqual(sandbox.guarantees);
  const ofSandbox = await listLeftBehind(engine);
  const next = manager.create({ baseImage: image.reference });
  await expect(next).rejects.toThrow(ImageNotFoundError);
  await expect(next).rejects.toMatchObject({ message: expect.stringContaining(image.reference) });
  expect(await listLeftBehind(engine)).toEqual(ofSandbox);
  const { imageId } = await engine.containers.inspect(sandbox.container.id);
  await sandbox.destroy();
  // It lost its name while it was in use, and would stay.
  await callEngine(engine, 'DELETE', `/images/${imageId}`);
  await expect(manager.create()).resolves.toMatchObject({ id: expect.any(String) });
});
