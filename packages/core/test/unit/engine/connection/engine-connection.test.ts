import type { RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { createFakeEngine } from '../fake-engine.js';

function answer(statusCode: number, body: string): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(statusCode).end(body);
  };
}

function hang(): void {
  // Never answers.
}

function reset(response: ServerResponse): void {
  response.socket?.destroy();
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

it.each([
  [404, '{"message":"No such container: x"}', 'PARACLE_ENGINE_CONTAINER_NOT_FOUND'],
  [404, '{"message":"No such image: x:latest"}', 'PARACLE_ENGINE_IMAGE_NOT_FOUND'],
  [404, '{"message":"network y not found"}', 'PARACLE_ENGINE_OBJECT_NOT_FOUND'],
  [409, '{"message":"Container x is not running"}', 'PARACLE_ENGINE_CONFLICT'],
  [500, '{"message":"no space left on device"}', 'PARACLE_ENGINE_RESPONSE'],
  [502, '<html>Bad gateway</html>', 'PARACLE_ENGINE_RESPONSE'],
  [403, '', 'PARACLE_ENGINE_RESPONSE'],
  [302, '', 'PARACLE_ENGINE_RESPONSE'],
])('types an answer of %d %s', async (statusCode, body, code) => {
  await using fake = await createFakeEngine(answer(statusCode, body));

  expect(await failureOf(fake.engine.containers.inspect('x'))).toMatchObject({ code, details: { statusCode } });
});

it('keeps the engine’s own words', async () => {
  await using fake = await createFakeEngine(answer(500, '{"message":"no space left on device"}'));

  await expect(fake.engine.containers.start('x')).rejects.toThrow('no space left on device');
});

it.each(['{', '', 'null', '{"Id":5}', '[]'])('refuses the body %p', async (body) => {
  await using fake = await createFakeEngine(answer(200, body));

  expect(await failureOf(fake.engine.containers.inspect('x'))).toMatchObject({ code: 'PARACLE_ENGINE_ANSWER_INVALID' });
});

it('gives up an engine that hangs, before its answer or in the middle', async () => {
  await using silent = await createFakeEngine(hang, { requestTimeoutMs: 30 });
  await using stuck = await createFakeEngine((_request, response) => void response.write('{"Id":'), {
    requestTimeoutMs: 30,
  });

  for (const { engine } of [silent, stuck]) {
    expect(await failureOf(engine.containers.inspect('x'))).toMatchObject({
      code: 'PARACLE_ENGINE_TIMEOUT',
      details: { timeoutMs: 30 },
    });
  }
  expect(await failureOf(silent.engine.system.ping({ timeoutMs: 10 }))).toMatchObject({ details: { timeoutMs: 10 } });
});

it('rejects with the signal’s reason, at once, wherever the call is', async () => {
  await using fake = await createFakeEngine(hang);
  const reason = { plain: 'reason' };
  const controller = new AbortController();
  const { signal } = controller;
  const calls = [
    fake.engine.containers.inspect('x', { signal }),
    fake.engine.containers.attach('x', { signal }),
    fake.engine.archive.get('x', '/', { signal }),
    fake.engine.archive.put('x', '/', Readable.from([Buffer.from('tar')]), { signal }),
  ].map(failureOf);
  setTimeout(() => controller.abort(reason), 20);

  expect(await Promise.all(calls)).toEqual(calls.map(() => reason));
  expect(await failureOf(fake.engine.system.ping({ signal }))).toBe(reason);
});

it('says so when the connection breaks, before the answer or in the middle', async () => {
  await using early = await createFakeEngine((_request, response) => reset(response));
  await using late = await createFakeEngine((_request, response) => {
    response.writeHead(200, { 'Content-Length': '100' }).write('{"Id":', () => reset(response));
  });

  for (const { engine } of [early, late]) {
    expect(await failureOf(engine.containers.inspect('x'))).toMatchObject({ code: 'PARACLE_ENGINE_CONNECTION_LOST' });
  }
});

it('refuses a stream that was not upgraded', async () => {
  await using fake = await createFakeEngine(answer(200, 'raw'));

  expect(await failureOf(fake.engine.containers.attach('x'))).toMatchObject({ code: 'PARACLE_ENGINE_ANSWER_INVALID' });
});

it.each([
  ['1.41', '/v1.41/_ping'],
  ['1.44', '/v1.44/_ping'],
  ['1.99', '/v1.47/_ping'],
])('speaks with an engine of API %s by %s', async (apiVersion, path) => {
  await using fake = await createFakeEngine(answer(200, 'OK'), { apiVersion });
  await fake.engine.system.ping();

  expect(fake.paths.at(-1)?.replace('?', '')).toBe(path);
});

it.each([
  ['1.40', 'PARACLE_ENGINE_API_VERSION'],
  ['new', 'PARACLE_ENGINE_ANSWER_INVALID'],
])('refuses an engine with API %s', async (apiVersion, code) => {
  await using fake = await createFakeEngine(answer(200, 'OK'), { apiVersion });

  expect(await failureOf(fake.engine.system.ping())).toMatchObject({ code });
});

it('fails a pull that fails half way, and reports progress until then', async () => {
  const lines = [
    '{"status":"Pulling","id":"a"}',
    '{"errorDetail":{"message":"toomanyrequests"},"error":"toomanyrequests"}',
  ];
  await using fake = await createFakeEngine(answer(200, lines.join('\r\n')));
  const steps: unknown[] = [];
  const failure = await failureOf(fake.engine.images.pull('a/b:c', { onProgress: (step) => steps.push(step) }));

  expect(failure).toMatchObject({ code: 'PARACLE_ENGINE_RESPONSE', details: { engineMessage: 'toomanyrequests' } });
  expect(steps).toEqual([{ status: 'Pulling', layerId: 'a' }]);
  expect(fake.paths.at(-1)).toContain('fromImage=a%2Fb&tag=c');
});

it('says so when a pull breaks off', async () => {
  await using fake = await createFakeEngine((_request, response) => {
    response.write('{"status":"Pulling"}\n', () => reset(response));
  });

  expect(await failureOf(fake.engine.images.pull('a'))).toMatchObject({ code: 'PARACLE_ENGINE_CONNECTION_LOST' });
});

it('connects anew after a failure, and only once for calls at the same time', async () => {
  await using fake = await createFakeEngine(answer(200, 'OK'));
  await Promise.all([1, 2, 3].map(() => fake.engine.system.ping()));

  expect(fake.paths.filter((path) => path.startsWith('/version'))).toHaveLength(1);
});

it.each(['', '..', 'a/../b', '/x', 'a//b'])('does not let the id %p change the path', async (id) => {
  await using fake = await createFakeEngine(answer(200, '{}'));

  await expect(fake.engine.containers.inspect(id)).rejects.toThrow(TypeError);
});

it('names every place it looked at where no engine answers', async () => {
  await using engine = new Engine({ endpoint: 'unix:///nowhere/docker.sock' });

  expect(await failureOf(engine.system.ping())).toMatchObject({
    code: 'PARACLE_ENGINE_NOT_AVAILABLE',
    details: { attempts: [{ strategy: 'endpoint option', endpoint: 'unix:///nowhere/docker.sock' }] },
  });
});
