import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { SandboxManager } from '../../src/index.js';

it('runs commands as the user, and within the limits per process, that were asked for', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({
    user: '1234:5678',
    ulimits: { nofile: 300, memlock: 65_536 },
    cpuCores: 0.5,
  });
  const script =
    'id -u; id -g; ulimit -n; ulimit -l; ulimit -c; echo "$OMP_NUM_THREADS"; touch ~/mine here && stat -c %u here';
  const { stdout } = await sandbox.execute(['sh', '-c', script]);

  expect(sandbox.guarantees.privileges).toMatchObject({ uid: 1234, gid: 5678 });
  expect(stdout.trim().split('\n')).toEqual(['1234', '5678', '300', '64', '0', '1', '1234']);
});

it('lets a variable of the caller win over a hint', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ environment: { OMP_NUM_THREADS: '7' } });
  await expect(sandbox.execute(['sh', '-c', 'echo $OMP_NUM_THREADS $GOMAXPROCS'])).resolves.toMatchObject({
    stdout: '7 1\n',
  });
});

it('gives secrets to commands and to nobody else', async () => {
  const secret = randomUUID();
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ secrets: { TOKEN: secret } });
  const described = await sandbox.engine.containers.inspect(sandbox.container.id);
  const failure: unknown = await sandbox
    .execute(['sh', '-c', 'exit 3'], { check: true })
    .catch((error: unknown) => error);

  await expect(sandbox.execute(['sh', '-c', 'echo "$TOKEN"'])).resolves.toMatchObject({ stdout: `${secret}\n` });
  expect(JSON.stringify([described, sandbox.config, sandbox.guarantees, failure])).not.toContain(secret);
  await expect(
    sandbox.execute(['grep', '-rls', secret, '/workspace', '/home', '/etc', '/run', '/tmp']),
  ).resolves.toMatchObject({ stdout: '' });
});

it.each<{ title: string; wrap: (secret: string) => unknown }>([
  { title: 'has a NUL byte', wrap: (secret) => ({ TOKEN: `${secret}\0` }) },
  { title: 'is in a list', wrap: (secret) => ({ TOKEN: [secret] }) },
  { title: 'stands alone', wrap: (secret) => secret },
])('does not repeat a secret that $title', async ({ wrap }) => {
  const secret = randomUUID();
  await using manager = new SandboxManager();
  const config: object = { secrets: wrap(secret) };
  const failure: unknown = await manager.create(config).catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 'PARACLE_CORE_CONFIG_INVALID', message: expect.stringContaining('secrets') });
  expect(String(failure) + JSON.stringify(failure)).not.toContain(secret);
});

it('refuses a runtime that the engine does not have, and names those that it has', async () => {
  await using manager = new SandboxManager();
  await expect(manager.create({ runtime: 'no-such-runtime' })).rejects.toMatchObject({
    code: 'PARACLE_SANDBOX_LIMIT_UNSUPPORTED',
    suggestion: expect.stringContaining('runc'),
  });
});

it('takes the engine’s own runtime by its name', async () => {
  await using manager = new SandboxManager();
  await using sandbox = await manager.create({ runtime: 'runc' });
  await expect(sandbox.execute(['true'])).resolves.toMatchObject({ exitCode: 0 });
});
