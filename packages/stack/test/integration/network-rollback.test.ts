import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { NetworkIsolator } from '@paracle/isolation';
import { RollbackManager } from '@paracle/rollback';
import { type Execution, type Sandbox, SandboxManager } from '@paracle/sandbox';
import { waitUntil } from '@paracle/test-support';

const ROUNDS = 10;

/** Says to each who comes what the file holds, and never reads. */
const SERVICE = `
import socket
listener = socket.create_server(('0.0.0.0', 7000))
print('serving', flush=True)
connections = []
while True:
    connections.append(listener.accept()[0])
    connections[-1].sendall(open('state').read().encode())
`;

/** Holds a connection for as long as it lives, tells how it ended, and connects again. */
const PEER = `
import socket, sys, time
how, address = sys.argv[1:]
while True:
    try:
        connection = socket.create_connection((address, 7000), timeout=120)
        said = connection.recv(64).decode()
    except ConnectionError:
        time.sleep(0.01)
        continue
    print(said, flush=True)
    try:
        while how == 'sending':
            connection.sendall(bytes(65536))
        print('closed' if connection.recv(64) == b'' else 'told more', flush=True)
    except ConnectionError:
        print('reset', flush=True)
`;

const KNOCK = ['python3', '-c', "import socket; socket.create_connection(('192.0.2.1', 443), timeout=5)"];

async function* linesOf(execution: Execution): AsyncGenerator<string, undefined> {
  let rest = '';
  for await (const { bytes } of execution.output) {
    const lines = `${rest}${Buffer.from(bytes).toString()}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  return undefined;
}

/** A program that talks by lines. */
class Talker {
  readonly execution: Execution;
  readonly #lines: AsyncGenerator<string, undefined>;

  constructor(sandbox: Sandbox, command: readonly string[]) {
    this.execution = sandbox.start(command);
    this.execution.result.catch(() => undefined);
    this.#lines = linesOf(this.execution);
  }

  /** The next line; fails where there is none in time. */
  async says(limitMs = 20_000): Promise<string | undefined> {
    let line: IteratorResult<string, undefined> | undefined;
    const next = this.#lines.next().then((said) => {
      line = said;
    });
    await waitUntil('a program has said something', () => line !== undefined, limitMs);
    await next;
    return line?.value;
  }
}

async function startService(sandbox: Sandbox): Promise<Talker> {
  const service = new Talker(sandbox, ['python3', '-c', SERVICE]);
  expect(await service.says()).toBe('serving');
  return service;
}

it('keeps address, aliases and policy over ten rollbacks, while peers lose their connections and find a service again', async () => {
  await using engine = new Engine();
  await using manager = new SandboxManager({ engine });
  await using isolator = new NetworkIsolator({ engine });
  const rollback = new RollbackManager({ engine });
  const network = await isolator.createNetwork({ policy: { allowIntraNetwork: true } });
  await using sandbox = await manager.create({ networkMode: network.id });
  await using neighbour = await manager.create({ networkMode: network.id });
  const settings = async (): Promise<unknown> =>
    (await engine.containers.inspect(sandbox.container.id)).networkSettings;
  await sandbox.execute(['sh', '-c', 'printf "as it was" > state; echo kept > kept'], { check: true });
  const snapshotId = await rollback.createSnapshot(sandbox);
  const before = await settings();
  const { address, rulesetHash, generation } = await isolator.verify(sandbox);
  expect(before).toMatchObject({ Networks: { [network.name]: { IPAddress: address } } });
  let service = await startService(sandbox);
  const waiting = new Talker(neighbour, ['python3', '-c', PEER, 'waiting', address]);
  const sending = new Talker(neighbour, ['python3', '-c', PEER, 'sending', address]);

  for (let round = 1; round <= ROUNDS; round++) {
    expect([await waiting.says(), await sending.says()]).toEqual(['as it was', 'as it was']);
    await sandbox.execute(['sh', '-c', `echo ${round} > state; rm kept; echo ${round} > new`], { check: true });

    await rollback.rollback(snapshotId, sandbox);

    expect(await Promise.all([waiting, sending].map((peer) => peer.says(1000)))).toEqual(['closed', 'reset']);
    await expect(service.execution.result).rejects.toMatchObject({ code: 'PARACLE_SANDBOX_ROLLED_BACK' });
    expect(await settings()).toEqual(before);
    expect(await isolator.verify(sandbox)).toMatchObject({ address, rulesetHash, generation });
    const { exitCode, networkDenials } = await sandbox.execute(KNOCK);
    expect({ exitCode, networkDenials }).toMatchObject({ exitCode: 1, networkDenials: [{ address: '192.0.2.1' }] });
    expect((await sandbox.execute(['sh', '-c', 'cat state kept; ls'])).stdout).toBe('as it waskept\nkept\nstate\n');
    service = await startService(sandbox);
  }
  expect([await waiting.says(), await sending.says()]).toEqual(['as it was', 'as it was']);
}, 120_000);
