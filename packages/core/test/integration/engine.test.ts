import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, it } from '@jest/globals';
import {
  ContainerNotFoundError,
  Engine,
  EngineConflictError,
  EngineObjectNotFoundError,
  type HijackedStream,
  ImageNotFoundError,
} from '@paracle/core';

const engine = new Engine();
const image = 'python:3.11-slim';

afterAll(async () => {
  await engine.close();
});

async function createContainer(body: object): Promise<{ id: string; [Symbol.asyncDispose](): Promise<void> }> {
  const common = { Image: image, Labels: { 'dev.paracle.test': 'engine' }, HostConfig: { NetworkMode: 'none' } };
  const { id } = await engine.containers.create({ name: `engine-test-${randomUUID()}`, body: { ...common, ...body } });
  return { id, [Symbol.asyncDispose]: async () => engine.containers.remove(id, { force: true, volumes: true }) };
}

const echo = { Cmd: ['cat'], OpenStdin: true, StdinOnce: true };

/** Reads frames of 8 bytes of header and a body until that much text is there. */
async function readFrames(stream: HijackedStream, expected: string): Promise<string> {
  let text = '';
  let bytes = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    AbortSignal.timeout(10_000).addEventListener('abort', () => reject(new Error(`Only ${JSON.stringify(text)} came`)));
    stream.receive((piece) => {
      bytes = Buffer.concat([bytes, piece]);
      while (bytes.length >= 8 && bytes.length >= 8 + bytes.readUInt32BE(4)) {
        const end = 8 + bytes.readUInt32BE(4);
        text += bytes.subarray(8, end).toString();
        bytes = bytes.subarray(end);
      }
      if (text.length >= expected.length) resolve(text);
    });
  });
}

it('agrees with the engine on an API version', async () => {
  const { apiVersion } = await engine.connect();

  expect(Number(apiVersion.split('.')[1])).toBeGreaterThanOrEqual(41);
});

it('hands out the raw streams of an attached container, with nothing but the caller’s bytes in them', async () => {
  await using container = await createContainer(echo);
  const stream = await engine.containers.attach(container.id);
  await engine.containers.start(container.id);

  stream.write('hello');

  expect(await readFrames(stream, 'hello')).toBe('hello');
  const waiting = engine.containers.wait(container.id);
  stream.end();
  expect(await waiting).toEqual({ exitCode: 0 });
  stream.destroy();
});

it('attaches to containers that run, twenty at once, without a stray byte', async () => {
  await using container = await createContainer({ ...echo, StdinOnce: false });
  await engine.containers.start(container.id);
  const streams = await Promise.all(Array.from({ length: 20 }, () => engine.containers.attach(container.id)));

  streams[0]?.write('only this');

  expect(await Promise.all(streams.map((stream) => readFrames(stream, 'only this')))).toEqual(
    streams.map(() => 'only this'),
  );
  streams.forEach((stream) => stream.destroy());
});

it('runs a command, hands out its raw streams and says how it ended', async () => {
  await using container = await createContainer(echo);
  await engine.containers.start(container.id);
  const { execId, stream } = await engine.exec.start(container.id, {
    command: ['sh', '-c', 'cat; exit 7'],
    user: '1000:1000',
  });
  stream.write('hi');
  stream.end();

  expect(await readFrames(stream, 'hi')).toBe('hi');
  expect(await Promise.race([stream.closed, delay(10_000, 'still open', { ref: false })])).toBeUndefined();
  expect(await engine.exec.inspect(execId)).toMatchObject({ isRunning: false, exitCode: 7 });
});

it('puts an archive in and gets it out again, before the container ever ran', async () => {
  await using source = await createContainer({});
  await using target = await createContainer({});
  const archive = await engine.archive.get(source.id, '/etc/passwd');
  const bytes = Buffer.concat(await archive.toArray());
  await engine.archive.put(target.id, '/srv', bytes);
  await engine.archive.put(target.id, '/opt', await engine.archive.get(source.id, '/etc/passwd'));

  for (const path of ['/srv/passwd', '/opt/passwd']) {
    const back = await engine.archive.get(target.id, path);
    expect(Buffer.concat(await back.toArray()).includes('root:x:0:0')).toBe(true);
  }
});

it('types the engine’s refusals', async () => {
  await using container = await createContainer({});
  const missing = await engine.containers.inspect('no-such-container').catch((error: unknown) => error);

  expect(missing).toBeInstanceOf(ContainerNotFoundError);
  await expect(engine.containers.create({ body: { Image: 'no-such:image' } })).rejects.toThrow(ImageNotFoundError);
  await expect(engine.images.inspect('no-such:image')).rejects.toThrow(ImageNotFoundError);
  await expect(engine.containers.kill(container.id, 'SIGKILL')).rejects.toThrow(EngineConflictError);
  await expect(engine.volumes.inspect('no-such-volume')).rejects.toThrow(EngineObjectNotFoundError);
  await expect(engine.archive.get(container.id, '/nowhere')).rejects.toThrow(EngineObjectNotFoundError);
  await expect(engine.exec.start('no-such-container', { command: ['true'] })).rejects.toThrow(ContainerNotFoundError);
});

it('takes removal of what is gone, or going, as success', async () => {
  await using container = await createContainer(echo);
  await engine.containers.start(container.id);

  await Promise.all([1, 2, 3].map(() => engine.containers.remove(container.id, { force: true })));
  await engine.containers.remove('no-such-container', { force: true });
  await engine.volumes.remove('no-such-volume');
  await engine.networks.remove('no-such-network');
  await expect(engine.containers.inspect(container.id)).rejects.toThrow(ContainerNotFoundError);
});

it('changes, pauses, stops and lists containers', async () => {
  await using container = await createContainer({
    ...echo,
    HostConfig: { NetworkMode: 'none', Memory: 67_108_864, MemorySwap: 67_108_864 },
  });
  await engine.containers.start(container.id);
  await engine.containers.start(container.id);
  await engine.containers.pause(container.id);

  expect((await engine.containers.inspect(container.id)).state).toMatchObject({ isRunning: true, isPaused: true });
  await engine.containers.unpause(container.id);
  expect(await engine.containers.update(container.id, { Memory: 134_217_728, MemorySwap: 134_217_728 })).toEqual([]);
  expect((await engine.containers.inspect(container.id)).hostConfig).toMatchObject({ Memory: 134_217_728 });
  const listed = await engine.containers.list({ labels: { 'dev.paracle.test': 'engine' } });
  expect(listed.map(({ id }) => id)).toContain(container.id);
  await engine.containers.stop(container.id, { graceSeconds: 0 });
  expect((await engine.containers.inspect(container.id)).state).toMatchObject({ isRunning: false, exitCode: 137 });
});

it('tags, lists and untags images', async () => {
  const tag = `paracle-test-${randomUUID()}:one`;
  await engine.images.tag(image, tag);

  expect((await engine.images.list()).flatMap(({ tags }) => tags)).toContain(tag);
  await engine.images.remove(tag);
  await expect(engine.images.inspect(tag)).rejects.toThrow(ImageNotFoundError);
  expect(await engine.images.inspect(image)).toMatchObject({ os: 'linux' });
});

it('renames a container, makes an image of it and one of its files, and says what was noted', async () => {
  await using container = await createContainer(echo);
  const [name, repository] = [`engine-test-${randomUUID()}`, `paracle-test-${randomUUID()}`];
  await engine.archive.put(container.id, '/srv', await engine.archive.get(container.id, '/etc/passwd'));
  await engine.containers.rename(container.id, name);
  const imageId = await engine.containers.commit(name, { reference: `${repository}:one`, comment: 'noted' });
  await engine.images.import(await engine.containers.export(name), {
    reference: `${repository}:two`,
    comment: 'flat',
  });
  try {
    const listed = await engine.images.list({ reference: `${repository}:*` });
    expect(listed.flatMap(({ tags }) => tags).sort()).toEqual([`${repository}:one`, `${repository}:two`]);
    expect(await engine.images.inspect(imageId)).toMatchObject({ comment: 'noted', command: ['cat'] });
    expect(await engine.images.inspect(`${repository}:two`)).toMatchObject({
      comment: 'flat',
      layers: [expect.any(String)],
    });
    expect((await engine.containers.inspect(name, { withSize: true })).writtenBytes).toBeGreaterThan(0);
    expect(await engine.containers.inspect(name)).not.toHaveProperty('writtenBytes');
    const controller = new AbortController();
    const given = engine.containers.commit(name, { reference: `${repository}:no` }, { signal: controller.signal });
    setImmediate(() => controller.abort(new Error('changed my mind')));
    await expect(given).rejects.toThrow('changed my mind');
    await expect(engine.images.inspect(`${repository}:no`)).rejects.toThrow(ImageNotFoundError);
  } finally {
    for (const tag of ['one', 'two']) await engine.images.remove(`${repository}:${tag}`);
  }
  await expect(engine.images.import(Buffer.from('no archive'), { reference: repository })).rejects.toMatchObject({
    code: 'PARACLE_ENGINE_RESPONSE',
  });
});

it('stops waiting at once when the signal fires', async () => {
  await using container = await createContainer(echo);
  await engine.containers.start(container.id);
  const controller = new AbortController();
  const waiting = engine.containers.wait(container.id, { signal: controller.signal });
  const reason = new Error('changed my mind');
  setImmediate(() => controller.abort(reason));

  await expect(waiting).rejects.toBe(reason);
});

it('ends calls under way when it is closed, and refuses later ones', async () => {
  await using container = await createContainer(echo);
  await engine.containers.start(container.id);
  const other = new Engine();
  await other.connect();
  const waiting = other.containers.wait(container.id).catch((error: unknown) => error);
  await other.system.ping();

  await Promise.all([other.close(), other.close()]);

  expect(await waiting).toMatchObject({ code: 'PARACLE_ENGINE_CLOSED' });
  await expect(other.system.ping()).rejects.toMatchObject({ code: 'PARACLE_ENGINE_CLOSED' });
});

it('leaves nothing behind', async () => {
  expect(await engine.containers.list({ all: true, labels: { 'dev.paracle.test': 'engine' } })).toEqual([]);
});

it('reports what the engine can do', async () => {
  const capabilities = await engine.capabilities();

  expect(capabilities).toMatchObject({ os: 'linux', hasMemoryLimit: true, hasPidsLimit: true, isDesktop: false });
  expect(capabilities.runtimes).toContain('runc');
});

it('makes a network, puts a container on it under an address of its own, and takes it off again', async () => {
  await using container = await createContainer(echo);
  await engine.containers.start(container.id);
  const network = await engine.networks.create({
    Name: `engine-test-${randomUUID()}`,
    Internal: true,
    IPAM: { Config: [{ Subnet: '198.18.255.240/28', Gateway: '198.18.255.241' }] },
  });
  try {
    await engine.networks.disconnect('none', container.id);
    const endpoint = { Aliases: ['other-name'] };
    await engine.networks.connect(network.id, container.id, { address: '198.18.255.250', endpoint });
    const { networkSettings } = await engine.containers.inspect(container.id);
    expect(JSON.stringify(networkSettings)).toContain('198.18.255.250');
    expect(JSON.stringify(networkSettings)).toContain('other-name');
    expect(await engine.networks.inspect(network.id)).toMatchObject({
      driver: 'bridge',
      isInternal: true,
      hasIpv6: false,
      subnets: [{ subnet: '198.18.255.240/28', gateway: '198.18.255.241' }],
    });
    await engine.networks.disconnect(network.id, container.id);
    await expect(engine.networks.disconnect(network.id, container.id)).rejects.toMatchObject({
      code: 'PARACLE_ENGINE_RESPONSE',
    });
  } finally {
    await engine.networks.remove(network.id);
  }
  await expect(engine.networks.inspect(network.id)).rejects.toThrow(EngineObjectNotFoundError);
});

it('takes in an image from an archive, and says why where that is none', async () => {
  const { layers } = await engine.images.inspect(image);
  expect(layers[0]).toMatch(/^sha256:[0-9a-f]{64}$/u);
  await expect(engine.images.load(Buffer.from('no archive'))).rejects.toMatchObject({
    code: 'PARACLE_ENGINE_RESPONSE',
  });
});
