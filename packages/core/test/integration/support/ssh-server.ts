import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitUntil } from '@paracle/test-support';

const run = promisify(execFile);

/** A real SSH server on this machine, with keys and configuration of its own. */
export interface SshServer {
  readonly port: number;
  readonly username: string;
  /** Where an `ssh` is that knows the server and has the key, and reads nothing of this user's. For PATH. */
  readonly clientDirectory: string;
  /** Writes that client's configuration anew. */
  configureClient(change?: ClientChange): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What the client lacks. */
export type ClientChange = 'no-known-host' | 'no-key';

/** Starts one. `forwarding` is what its configuration says about forwarding sockets. */
export async function createSshServer({ forwarding = 'yes' } = {}): Promise<SshServer> {
  const directory = await mkdtemp(join(tmpdir(), 'paracle-sshd-test-'));
  const at = (name: string): string => join(directory, name);
  const { username } = userInfo();
  for (const key of ['host-key', 'client-key'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)]);
  const port = await findFreePort();
  const hostKey = (await readFile(at('host-key.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
  await writeFile(at('known-hosts'), `[127.0.0.1]:${port} ${hostKey}\n`);
  await writeFile(at('empty'), '');
  await writeFile(
    at('sshd.conf'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host-key')}`,
      `AuthorizedKeysFile ${at('client-key.pub')}`,
      'AuthenticationMethods publickey',
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      `AllowStreamLocalForwarding ${forwarding}`,
    ].join('\n'),
  );
  const configureClient = async (change?: ClientChange): Promise<void> => {
    const lines = [
      `IdentityFile ${at(change === 'no-key' ? 'empty' : 'client-key')}`,
      'IdentitiesOnly yes',
      'IdentityAgent none',
      `UserKnownHostsFile ${at(change === 'no-known-host' ? 'empty' : 'known-hosts')}`,
      'GlobalKnownHostsFile none',
    ];
    await writeFile(at('client.conf'), lines.join('\n'));
  };
  await configureClient();
  await writeFile(at('ssh'), `#!/bin/sh\nexec ${await findSsh()} -F ${at('client.conf')} "$@"\n`);
  await chmod(at('ssh'), 0o700);
  const stop = await startServer(at('sshd.conf'), port);
  return {
    port,
    username,
    clientDirectory: directory,
    configureClient,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(directory, { recursive: true });
    },
  };
}

async function startServer(configuration: string, port: number): Promise<() => Promise<void>> {
  // Debian's service makes it, and none runs here.
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', configuration], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (bytes: Buffer) => {
    words += bytes.toString();
  });
  const exited = once(child, 'exit');
  await waitUntil(`sshd listens (${words})`, async () => (child.exitCode === null ? answers(port) : undefined));
  return async () => {
    child.kill();
    await exited;
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  const isThere = await Promise.race([
    once(socket, 'connect').then(
      () => true,
      () => false,
    ),
  ]);
  socket.destroy();
  return isThere;
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Expected a port');
  return address.port;
}

async function findSsh(): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const path = join(folder, 'ssh');
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new Error('Expected an ssh command');
}
