import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, expect, it } from '@jest/globals';
import { type ControllerIdentity, currentController, Engine, listHolds, ownerLabels, prune } from '@paracle/core';
import { pack } from 'tar-stream';

const engine = new Engine();
const run = `prune-test-${randomUUID()}`;

afterAll(async () => {
  for (const { id, names } of await engine.containers.list({ all: true })) {
    if (names.some((name) => name.startsWith(run))) await engine.containers.remove(id, { force: true });
  }
  for (const { name } of await engine.volumes.list()) if (name.startsWith(run)) await engine.volumes.remove(name);
  for (const { id, name } of await engine.networks.list()) if (name.startsWith(run)) await engine.networks.remove(id);
  await engine.close();
});

/** A controller that lived on this machine a moment ago. */
function createDeadController(): ControllerIdentity {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  return { ...currentController(), pid, startTime: '1' };
}

async function createContainer(
  name: string,
  labels: Readonly<Record<string, string>>,
  volume?: string,
): Promise<string> {
  const binds = volume === undefined ? [] : [`${volume}:/data`];
  const body = {
    Image: 'python:3.11-slim',
    Cmd: ['true'],
    Labels: labels,
    HostConfig: { NetworkMode: 'none', Binds: binds },
  };
  return (await engine.containers.create({ name: `${run}-${name}`, body })).id;
}

it('removes what a dead controller left and nothing else', async () => {
  const dead = createDeadController();
  const left = ownerLabels({ owner: dead, purpose: 'sandbox', sandboxId: `${run}-a` });
  const orphan = await createContainer('orphan', left, `${run}-orphan-store`);
  const living = await createContainer('living', ownerLabels({ purpose: 'sandbox' }));
  const elsewhere = ownerLabels({ owner: { ...dead, machine: 'ab12' }, purpose: 'sandbox' });
  const remote = await createContainer('remote', elsewhere);
  const foreign = await createContainer('foreign', {}, `${run}-used-store`);
  const retained = await createContainer(
    'retained',
    ownerLabels({ owner: dead, purpose: 'sandbox', isRetained: true }),
  );
  const storeLabels = ownerLabels({ owner: dead, purpose: 'store', sandboxId: `${run}-a` });
  await engine.volumes.create({ name: `${run}-store`, labels: storeLabels });
  await engine.volumes.create({
    name: `${run}-supervisor`,
    labels: ownerLabels({ owner: dead, purpose: 'supervisor' }),
  });
  const network = await engine.networks.create({
    Name: `${run}-network`,
    Labels: ownerLabels({ owner: dead, purpose: 'network' }),
    Internal: true,
    IPAM: { Config: [{ Subnet: '172.29.251.0/28' }] },
  });

  const result = await prune(engine);

  expect(result.containers).toContain(orphan);
  expect(result.containers).not.toEqual(expect.arrayContaining([living]));
  expect(result.networks).toContain(network.id);
  expect(result.volumes).toContain(`${run}-store`);
  const stay = (await engine.containers.list({ all: true })).map(({ id }) => id);
  expect(stay).toEqual(expect.arrayContaining([living, remote, foreign, retained]));
  expect(stay).not.toContain(orphan);
  const volumes = (await engine.volumes.list()).map(({ name }) => name);
  expect(volumes).toEqual(expect.arrayContaining([`${run}-supervisor`, `${run}-used-store`, `${run}-orphan-store`]));
  expect(volumes).not.toContain(`${run}-store`);
});

it('spares a sandbox with a hold, and its store', async () => {
  const owner = createDeadController();
  const sandboxId = `${run}-held`;
  const labels = ownerLabels({ owner, purpose: 'sandbox', sandboxId });
  const held = await createContainer('held', labels);
  const free = await createContainer('free', ownerLabels({ owner, purpose: 'sandbox', sandboxId: `${run}-free` }));
  await engine.volumes.create({
    name: `${run}-held-store`,
    labels: ownerLabels({ owner, purpose: 'store', sandboxId }),
  });
  for (const id of [held, free]) await engine.archive.put(id, '/', await packFile('.paracle/store/holds/', undefined));
  await engine.archive.put(held, '/', await packFile('.paracle/store/holds/rollback.json', '{}'));

  await engine.networks.disconnect('none', held);
  const network = await createNetwork('held-on', '172.29.251.32/28');
  await engine.networks.connect(network.id, held);

  expect(await listHolds(engine, held)).toEqual(['rollback.json']);
  const { containers, volumes } = await prune(engine);

  expect(containers).toContain(free);
  expect(containers).not.toContain(held);
  expect(volumes).not.toContain(`${run}-held-store`);
  await engine.containers.start(held);
  await engine.containers.remove(held, { force: true });
  expect(await listHolds(engine, held)).toEqual([]);
});

/** A tar archive of one file, or of a directory where there are no contents. */
async function packFile(name: string, contents: string | undefined): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name, type: contents === undefined ? 'directory' : 'file' }, contents ?? '');
  archive.finalize();
  return buffer(archive);
}

it('takes a network that nobody enforces any more from a container that is still on it', async () => {
  const network = await createNetwork('held', '172.29.251.16/28');
  const body = { Image: 'python:3.11-slim', Cmd: ['sleep', '60'], HostConfig: { NetworkMode: `${run}-held` } };
  const user = await engine.containers.create({ name: `${run}-user`, body });
  await engine.containers.start(user.id);

  expect((await prune(engine)).networks).toContain(network.id);

  const { state, networkSettings } = await engine.containers.inspect(user.id);
  expect({ state, networkSettings }).toMatchObject({ state: { isRunning: true }, networkSettings: { Networks: {} } });
});

it('tries everything, and names what it could not remove', async () => {
  const busy = await createNetwork('busy', '172.29.251.32/28');
  await engine.volumes.create({
    name: `${run}-late`,
    labels: ownerLabels({ owner: createDeadController(), purpose: 'store' }),
  });
  const failing = new Engine();
  const remove = failing.networks.remove.bind(failing.networks);
  failing.networks.remove = async (id, options) =>
    id === busy.id ? engine.images.load(Buffer.from('no archive')) : remove(id, options);

  const failure = await prune(failing).catch((error: unknown) => error);
  await failing.close();

  expect(failure).toMatchObject({
    code: 'PARACLE_CORE_PRUNE_INCOMPLETE',
    details: { failed: [`network ${busy.id}`], removed: expect.arrayContaining([`volume ${run}-late`]) },
    cause: { errors: [expect.objectContaining({ code: 'PARACLE_ENGINE_RESPONSE' })] },
  });
});

async function createNetwork(name: string, subnet: string): Promise<{ readonly id: string }> {
  return engine.networks.create({
    Name: `${run}-${name}`,
    Labels: ownerLabels({ owner: createDeadController(), purpose: 'network' }),
    IPAM: { Config: [{ Subnet: subnet }] },
  });
}
