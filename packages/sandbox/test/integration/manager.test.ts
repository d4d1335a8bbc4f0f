import { expect, it } from '@jest/globals';
import { SandboxManager } from '../../src/index.js';

it('hands out its sandboxes by their ids, and destroys them by these', async () => {
  await using manager = new SandboxManager();
  const { id } = await manager.create();
  expect(manager.get(id).id).toBe(id);
  await manager.destroy(id);
  await manager.destroy(id);
  expect(() => manager.get(id)).toThrow(expect.objectContaining({ code: 'PARACLE_SANDBOX_NOT_FOUND' }));
  expect(manager.getStats()).toMatchObject({ activeCount: 0, createdCount: 1, destroyedCount: 1 });
});

it('destroys a managed sandbox however its work ends', async () => {
  await using manager = new SandboxManager();
  const exitCode = await manager.managedSandbox({}, async (sandbox) => (await sandbox.execute(['true'])).exitCode);
  expect(exitCode).toBe(0);
  const failing = manager.managedSandbox({}, async () => Promise.reject(new Error('of the work')));
  await expect(failing).rejects.toThrow('of the work');
  expect(manager.getStats()).toMatchObject({ activeCount: 0, createdCount: 2, destroyedCount: 2 });
});

it('refuses to make sandboxes once it was closed', async () => {
  const manager = new SandboxManager();
  await manager.close();
  await expect(manager.create()).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_MANAGER_CLOSED' });
});
