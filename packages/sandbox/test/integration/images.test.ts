import { afterAll, expect, it } from '@jest/globals';
import { CommandNotFoundError, SandboxManager } from '../../src/index.js';
import { listLeftBehind } from './support/left-behind.js';
import { deriveImage, scratchImage } from './support/test-image.js';

const manager = new SandboxManager();

afterAll(async () => manager.close());

const REPORT = 'id -u; id -g; pwd; echo "$HOME"; touch here && echo wrote';

it.each<{ title: string; instructions: string[]; settings?: object; user: string }>([
  { title: 'an entrypoint that ends at once', instructions: ['ENTRYPOINT ["/bin/false"]', 'CMD ["x"]'], user: '1000' },
  { title: 'a user by name', instructions: ['USER daemon'], user: '1' },
  { title: 'a user and a group by number', instructions: ['USER 2000:3000'], user: '2000' },
  { title: 'a user that is not in it', instructions: ['USER 4242'], user: '4242' },
  { title: 'root', instructions: ['USER root'], user: '1000' },
  { title: 'a working directory', instructions: ['WORKDIR /srv/app'], user: '1000' },
  { title: 'a health check', instructions: ['HEALTHCHECK --interval=1s CMD ["touch", "/tmp/healthy"]'], user: '1000' },
  { title: 'volumes', instructions: ['VOLUME ["/data", "/workspace"]'], user: '1000' },
  { title: 'another stop signal', instructions: [], settings: { StopSignal: 'SIGUSR1' }, user: '1000' },
  { title: 'a path that names nothing', instructions: ['ENV HOME=/nowhere', 'ENV LANG=xx'], user: '1000' },
])('takes an image with $title', async ({ instructions, settings, user }) => {
  await using image = await deriveImage(manager.engine, instructions, settings);
  const sandbox = await manager.create({ baseImage: image.reference });
  const { stdout } = await sandbox.execute(['sh', '-c', REPORT], { check: true });
  const { state } = await sandbox.engine.containers.inspect(sandbox.container.id);
  await sandbox.destroy();

  expect(stdout.split('\n').slice(0, 5)).toEqual([user, expect.any(String), '/workspace', '/home/sandbox', 'wrote']);
  expect(stdout.split('\n')[1]).not.toBe('0');
  expect(state.isRunning).toBe(true);
  expect(await listLeftBehind(manager.engine)).toEqual([]);
});

it.each([{ readOnlyFilesystem: false }, { readOnlyFilesystem: true }])(
  'takes an image with nothing in it, $readOnlyFilesystem',
  async ({ readOnlyFilesystem }) => {
    await using image = await scratchImage(manager.engine, ['VOLUME /data']);
    const sandbox = await manager.create({ baseImage: image.reference, readOnlyFilesystem });
    await sandbox.files.write('note', 'kept');

    await expect(sandbox.execute(['sh', '-c', 'true'])).rejects.toThrow(CommandNotFoundError);
    await expect(sandbox.files.read('note')).resolves.toEqual(Buffer.from('kept'));
    await expect(sandbox.execute(['/.paracle/bin/supervisor', 'build-id'])).resolves.toMatchObject({ exitCode: 0 });
    await sandbox.destroy();
    expect(await listLeftBehind(manager.engine)).toEqual([]);
  },
);

it('runs no health check of the image, and keeps its volumes within the limit on disk space', async () => {
  await using image = await deriveImage(manager.engine, [
    'HEALTHCHECK --interval=1s CMD ["touch", "/tmp/healthy"]',
    'VOLUME /data',
  ]);
  await using sandbox = await manager.create({ baseImage: image.reference, diskMb: 16, diskEnforcement: 'tmpfs' });
  const { stdout } = await sandbox.execute([
    'sh',
    '-c',
    'sleep 2.5; ls /tmp; echo kept > /data/file && cat /data/file; df -k /data | tail -1',
  ]);

  expect(stdout).toMatch(/^kept\ntmpfs +1636 /u);
  expect(sandbox.guarantees.disk.parts?.map(({ path }) => path)).toContain('/data');
});
