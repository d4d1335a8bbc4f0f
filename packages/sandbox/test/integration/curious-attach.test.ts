import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { type Execution, ExecutionLostError, type Sandbox, SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';

async function startCounting(sandbox: Sandbox): Promise<Execution> {
  const execution = sandbox.start(['sh', '-c', 'n=0; while :; do echo $n; n=$((n+1)); sleep 0.02; done']);
  for await (const { bytes } of execution.output) if (bytes.length > 0) break;
  return execution;
}

/** What a human does who attaches to the sandbox's container by hand, as `docker attach` would. */
it.each([
  { act: 'types a line', type: 'ls -la /workspace\n', reason: /did somebody else attach\?/u },
  {
    act: 'types one letter and leaves',
    type: 'q',
    leaves: true,
    reason: /supervisor is gone: (it broke the protocol|its stream ended)/u,
  },
  {
    act: 'leaves without a word',
    leaves: true,
    reason: /supervisor is gone: (it broke the protocol|its stream ended)/u,
  },
])(
  'loses its executions, says why and leaves nothing behind when somebody else attaches and $act',
  async ({ type, leaves, reason }) => {
    await using manager = new SandboxManager();
    await using human = new Engine();
    const sandbox = await manager.create();
    const execution = await startCounting(sandbox);
    const stream = await human.containers.attach(sandbox.container.id);
    stream.receive(() => undefined);
    if (type !== undefined) stream.write(type);
    if (leaves === true) stream.end();

    const failure = execution.result;
    await expect(failure).rejects.toThrow(ExecutionLostError);
    await expect(failure).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_LOST',
      message: expect.stringMatching(reason),
      result: { cause: 'lost', stdout: expect.stringMatching(/^0\n/u) },
    });
    await expect(sandbox.ended).resolves.toMatchObject({ code: 'PARACLE_SUPERVISOR_LOST' });
    await expect(sandbox.execute(['true'])).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_LOST' });
    await sandbox.destroy();
    stream.destroy();
    expect(await listLeftBehind(human)).toEqual([]);
  },
);
