import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createLink } from '../../../../../src/engine/connection/create-link.js';
import { SshLink } from '../../../../../src/engine/connection/ssh/ssh-link.js';

const endpoint = { type: 'ssh', host: 'host' } as const;

it('says that ssh is not there', async () => {
  const link = new SshLink(endpoint, { variables: { PATH: '/nowhere' }, timeoutMs: 5000 });

  await expect(link.open()).rejects.toMatchObject({
    code: 'PARACLE_ENGINE_NOT_AVAILABLE',
    details: { problem: 'ssh-missing', attempts: [{ strategy: 'SSH', endpoint: 'ssh://host' }] },
  });
  await link.close();
});

it('opens nothing once it is closed', async () => {
  const link = new SshLink(endpoint, { variables: { PATH: '/nowhere' }, timeoutMs: 5000 });
  await link.close();
  await link.close();

  await expect(link.open()).rejects.toMatchObject({ code: 'PARACLE_ENGINE_CLOSED' });
});

/** A link by an `ssh` that is a shell script. */
async function createScripted(
  script: string,
  timeoutMs: number,
): Promise<{ link: SshLink; [Symbol.asyncDispose](): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'paracle-fake-ssh-'));
  await writeFile(join(directory, 'ssh'), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, 'ssh'), 0o700);
  const link = new SshLink(endpoint, { variables: { PATH: `${directory}:/usr/bin:/bin` }, timeoutMs });
  return {
    link,
    [Symbol.asyncDispose]: async () => {
      await link.close();
      await rm(directory, { recursive: true });
    },
  };
}

it('gives an ssh up that comes to nothing, and leaves no directory', async () => {
  const list = async (): Promise<string[]> =>
    (await readdir(tmpdir())).filter((name) => /^paracle-ssh-\w{6}$/u.test(name));
  const before = await list();
  await using scripted = await createScripted('exec sleep 60', 100);

  await expect(scripted.link.open()).rejects.toMatchObject({ code: 'PARACLE_ENGINE_TIMEOUT' });
  expect(await list()).toEqual(before);
});

it('repeats what ssh said, without what would steer a terminal', async () => {
  await using scripted = await createScripted(`printf 'go \\033[31maway\\r\\n' >&2; exit 255`, 5000);

  await expect(scripted.link.open()).rejects.toMatchObject({ details: { problem: 'other', words: 'go [31maway' } });
});

it('is not to be had on Windows', async () => {
  const environment = { variables: {}, homeDirectory: '/', platform: 'win32' };

  await expect(createLink(endpoint, { environment, requestTimeoutMs: 1000 })).rejects.toMatchObject({
    code: 'PARACLE_ENGINE_ENDPOINT_UNSUPPORTED',
    details: { endpoint: 'ssh://host', kind: 'SSH' },
  });
});
