import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import { DockerNotAvailableError, Engine, ImageNotFoundError } from '@paracle/core';
import { buildPackage } from '@paracle/test-support';
import { SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';

beforeAll(() => buildPackage('sandbox'));

it('says that no engine answers where none runs, and counts the failure', async () => {
  await using engine = new Engine({ endpoint: 'unix:///nowhere/docker.sock' });
  await using manager = new SandboxManager({ engine });
  const failure = manager.create();
  await expect(failure).rejects.toThrow(DockerNotAvailableError);
  await expect(failure).rejects.toMatchObject({
    code: 'PARACLE_ENGINE_NOT_AVAILABLE',
    message: expect.stringContaining('/nowhere/docker.sock'),
  });
  expect(manager.getStats()).toMatchObject({ activeCount: 0, failedCount: 1, createdCount: 0, waitingCount: 0 });
});

it('says that this user may not use the engine where the socket denies it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'paracle-socket-'));
  const path = join(directory, 'docker.sock');
  const server = createServer().listen(path);
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    await chmod(directory, 0o755);
    await chmod(path, 0o600);
    const built = pathToFileURL(join(import.meta.dirname, '../../dist/index.js')).href;
    const core = pathToFileURL(join(import.meta.dirname, '../../../core/dist/index.js')).href;
    const script = `
      import { SandboxManager } from '${built}';
      import { Engine } from '${core}';
      const manager = new SandboxManager({ engine: new Engine({ endpoint: 'unix://${path}' }) });
      await manager.create().then(() => console.log('created'), (error) => console.log(error.name, error.code));
    `;
    const asNobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      ...asNobody,
      cwd: directory,
    }).toString();
    expect(said.trim()).toBe(
      asNobody.uid === undefined
        ? 'EngineAnswerInvalidError PARACLE_ENGINE_ANSWER_INVALID'
        : 'EnginePermissionError PARACLE_ENGINE_PERMISSION',
    );
  } finally {
    server.close();
    await rm(directory, { recursive: true });
  }
});

it('says that the image is missing where it is neither there nor to be pulled', async () => {
  await using manager = new SandboxManager();
  const failure = manager.create({ baseImage: 'paracle.invalid/no-such-image:1' });
  await expect(failure).rejects.toThrow(ImageNotFoundError);
  await expect(failure).rejects.toMatchObject({
    code: 'PARACLE_ENGINE_IMAGE_NOT_FOUND',
    message: expect.stringContaining('no-such-image'),
  });
  expect(await listLeftBehind(manager.engine)).toEqual([]);
});

it.each([
  { title: 'a misspelt option', config: { memoryMB: 64 }, says: /Did you mean `memoryMb`/u },
  { title: 'the network of the host', config: { networkMode: 'host' }, says: /networkMode/u },
  { title: 'too little memory', config: { memoryMb: 1 }, says: /memoryMb/u },
  { title: 'a number as text', config: { memoryMb: '64' }, says: /memoryMb/u },
  { title: 'no time', config: { timeoutSeconds: 0 }, says: /timeoutSeconds/u },
])('refuses $title before anything is made', async ({ config, says }) => {
  await using manager = new SandboxManager();
  const failure = manager.create(config as object);
  await expect(failure).rejects.toMatchObject({
    code: 'PARACLE_CORE_CONFIG_INVALID',
    message: expect.stringMatching(says),
  });
  expect(await listLeftBehind(manager.engine)).toEqual([]);
});

it.each([
  { title: 'more cores than the engine has', config: { cpuCores: 100_000 }, code: 'PARACLE_SANDBOX_CREATE_FAILED' },
  { title: 'more memory than can be counted', config: { memoryMb: 2 ** 44 }, code: 'PARACLE_SANDBOX_CREATE_FAILED' },
  {
    title: 'a limit on disk that nothing enforces',
    config: { diskMb: 100 },
    code: 'PARACLE_SANDBOX_LIMIT_UNSUPPORTED',
  },
])('refuses $title and leaves nothing behind', async ({ config, code }) => {
  await using manager = new SandboxManager();
  await expect(manager.create(config)).rejects.toMatchObject({ code, suggestion: expect.any(String) });
  expect(await listLeftBehind(manager.engine)).toEqual([]);
  expect(manager.getStats()).toMatchObject({ activeCount: 0, failedCount: 1 });
});
