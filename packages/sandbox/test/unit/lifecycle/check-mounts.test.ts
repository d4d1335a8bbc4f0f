import { expect, it } from '@jest/globals';
import { checkMounts } from '../../../src/lifecycle/check-mounts.js';

const check = async (
  source: string,
  allowedHostPaths: readonly string[] = ['/srv', '/home', '/root', '/data'],
): Promise<void> =>
  checkMounts(
    { mounts: [{ source, target: '/srv/x', readOnly: true }] },
    {
      allowedHostPaths,
      endpoint: { type: 'socket', path: '/data/engine/docker.sock' },
      capabilities: { dataDirectory: '/data/docker' },
    },
  );

it.each(['/srv', '/srv/files', '/home/somebody/project', '/root/project', '/data/other'])(
  'allows %s',
  async (source) => {
    await expect(check(source)).resolves.toBeUndefined();
  },
);

it.each([
  '/etc',
  '/etc/passwd',
  '/proc/1',
  '/sys/fs/cgroup',
  '/dev',
  '/dev/sda',
  '/run/docker.sock',
  '/var',
  '/var/run',
  '/var/lib/docker/volumes',
  '/boot',
  '/data',
  '/data/docker/overlay2',
  '/data/engine',
  '/data/engine/docker.sock',
  '/root',
  '/home',
  '/home/somebody',
])('refuses %s, whatever is allowed', async (source) => {
  await expect(check(source, [source])).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_MOUNT_REFUSED',
    message: expect.stringContaining('give the host away'),
  });
});

it('refuses what is not below what is allowed', async () => {
  await expect(check('/srv-other')).rejects.toMatchObject({ details: { source: '/srv-other', path: '/srv-other' } });
  await expect(check('/srv/files', [])).rejects.toThrow('the manager does not allow it');
});

it('takes a path as it stands where the engine is elsewhere', async () => {
  const context = {
    allowedHostPaths: ['/srv'],
    capabilities: {},
    endpoint: { type: 'ssh', host: 'engine.example' },
  } as const;
  const mounts = [{ source: '/srv/files', target: '/srv/x', readOnly: true }];
  await expect(checkMounts({ mounts }, context)).resolves.toBeUndefined();
});
