import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { NetworkIsolator } from '@paracle/isolation';
import { SandboxManager } from '@paracle/sandbox';
import { PrivateEngine, waitUntil } from '@paracle/test-support';

const knock = (address: string, port: number): string[] => [
  'python3',
  '-c',
  `import socket; socket.create_connection(('${address}', ${port}), timeout=5)`,
];

it('tells with each execution what the policy refused meanwhile, and what would have allowed it', async () => {
  await using engine = new Engine();
  await using manager = new SandboxManager({ engine });
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await using sandbox = await manager.create({ networkMode: network.id, require: ['network.hard'] });

  const refused = await sandbox.execute(knock('192.0.2.1', 443));
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Connection refused') });
  expect(refused.networkDenials).toEqual([
    {
      address: '192.0.2.1',
      protocol: 'tcp',
      port: 443,
      count: 1,
      reason: 'special',
      suggestion: { allowedIps: [{ cidr: '192.0.2.1', ports: ['443/tcp'] }] },
    },
  ]);
  expect((await sandbox.execute(['true'])).networkDenials).toEqual([]);
  expect((await sandbox.verify()).network).toEqual({ enforcement: 'hard', mode: 'policy', networkId: network.id });
});

it('keeps the network that a sandbox got later apart from what it was made with', async () => {
  await using engine = new Engine();
  await using manager = new SandboxManager({ engine });
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await using sandbox = await manager.create();
  expect((await sandbox.execute(['true'])).networkDenials).toBeUndefined();

  await isolator.attachContainer(sandbox, network.id);
  expect((await sandbox.execute(knock('192.0.2.1', 443))).networkDenials).toHaveLength(1);
  expect((await sandbox.verify()).network.mode).toBe('policy');
  await isolator.detachContainer(sandbox);
  expect((await sandbox.verify()).network.mode).toBe('none');
});

it('lets no container back on its network without rules once a killed engine is there again', async () => {
  await using machine = await PrivateEngine.boot(Engine);
  await using engine = new Engine({ endpoint: machine.endpoint });
  await using isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  const { id } = await engine.containers.create({
    body: {
      Image: 'python:3.11-slim',
      Cmd: ['sleep', '900'],
      HostConfig: { NetworkMode: 'none', CapDrop: ['ALL'] },
    },
  });
  await engine.containers.start(id);
  await isolator.attachContainer(id, network.id);
  const isOnNetwork = async (): Promise<boolean> =>
    JSON.stringify((await engine.containers.inspect(id)).networkSettings).includes(network.id);
  expect(await isOnNetwork()).toBe(true);

  await machine.kill();
  await machine.start();
  await waitUntil('it is off the network', async () => !(await isOnNetwork()) || undefined, 30_000);
  await engine.containers.start(id);
  expect(await isOnNetwork()).toBe(false);
  await expect(isolator.verify(id)).rejects.toMatchObject({ code: 'PARACLE_ISOLATION_NOT_ATTACHED' });
  await isolator.attachContainer(id, network.id);
  await engine.containers.remove(id, { force: true });
}, 300_000);
