import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { findLocalSocket } from '../../../core/test/integration/support/local-socket.js';
import { listTunnelProcesses } from '../../../core/test/integration/support/ssh-processes.js';
import { createSshServer } from '../../../core/test/integration/support/ssh-server.js';
import { SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';

const COUNT = 30;

it('keeps thirty sandboxes at work over one ssh connection, and leaves nothing on either side', async () => {
  await using server = await createSshServer();
  const path = process.env['PATH'];
  process.env['PATH'] = `${server.clientDirectory}:${path}`;
  try {
    const { username, port } = server;
    await using engine = new Engine({ endpoint: `ssh://${username}@127.0.0.1:${port}${await findLocalSocket()}` });
    await using manager = new SandboxManager({ engine, maxConcurrent: COUNT });
    const sandboxes = await Promise.all(Array.from({ length: COUNT }, async () => manager.create({ memoryMb: 32 })));
    const results = await Promise.all(
      sandboxes.map(async (sandbox, number) =>
        sandbox.execute(['sh', '-c', 'head -c 1000000 /dev/zero; echo "$0" >&2', `${number}`]),
      ),
    );

    expect(results.map(({ stderr }) => Number(stderr))).toEqual(sandboxes.map((_sandbox, number) => number));
    expect(results.every(({ stdoutBytes }) => stdoutBytes.length === 1_000_000)).toBe(true);
    expect((await listTunnelProcesses(port)).filter(({ kind }) => kind === 'ssh')).toHaveLength(1);
    await manager.close();
    expect(await listLeftBehind(engine)).toEqual([]);
    await engine.close();
    expect(await listTunnelProcesses(port)).toEqual([]);
  } finally {
    process.env['PATH'] = path;
  }
}, 300_000);
