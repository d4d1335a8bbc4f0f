import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineSshError } from '../../../errors/engine-availability-errors.js';
import { EngineTimeoutError } from '../../../errors/engine-call-errors.js';
import { readText } from '../../../reading/read-fields.js';
import { type SshEndpoint, toEndpointUrl } from '../../endpoint/engine-endpoint.js';
import { askEngine } from './ask-engine.js';
import { SOCKET_NAME, toSshArguments } from './ssh-arguments.js';
import { type SshEnd, SshProcess } from './ssh-process.js';
import { CHANNEL_REFUSED, toSshProblem } from './to-ssh-problem.js';

const POLL_MS = 20;
/** ssh closes a refused connection and says why, in no order. */
const LAST_WORDS_MS = 500;

/** What {@link openTunnel} takes. */
export interface TunnelOptions {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** How long it may take until the engine answers. */
  readonly timeoutMs: number;
  /** Gives the opening up. */
  readonly signal: AbortSignal;
}

/** An engine's socket on another machine, brought here by one ssh connection. */
export interface SshTunnel {
  /** Where it is on this machine. */
  readonly socketPath: string;
  /** Resolves with ssh's last words when the connection has ended and nothing of it is left. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/**
 * Connects by ssh and waits until the engine answers. The socket is in a directory that only this user can enter.
 * @throws EngineSshError, EngineTimeoutError
 */
export async function openTunnel(endpoint: SshEndpoint, options: TunnelOptions): Promise<SshTunnel> {
  const directory = await mkdtemp(join(tmpdir(), 'paracle-ssh-'));
  const ssh = new SshProcess({ arguments: toSshArguments(endpoint), directory, variables: options.variables });
  const removed = ssh.ended.then(async () => rm(directory, { recursive: true, force: true }));
  const tunnel: SshTunnel = {
    socketPath: join(directory, SOCKET_NAME),
    // Whoever closes it hears of a directory that can't be removed.
    ended: Promise.allSettled([removed]).then(() => ssh.words),
    close: async () => {
      await ssh.end();
      await removed;
    },
  };
  try {
    await waitUntilAnswering(endpoint, { ...options, socketPath: tunnel.socketPath, ssh });
    return tunnel;
  } catch (error) {
    await tunnel.close();
    throw error;
  }
}

interface WaitOptions extends TunnelOptions {
  readonly socketPath: string;
  readonly ssh: SshProcess;
}

async function waitUntilAnswering(endpoint: SshEndpoint, options: WaitOptions): Promise<void> {
  const { ssh, socketPath, timeoutMs, signal } = options;
  const limit = AbortSignal.timeout(timeoutMs);
  const either = AbortSignal.any([signal, limit]);
  for (;;) {
    const asked = await Promise.race([ssh.ended, askEngine(socketPath, either)]);
    signal.throwIfAborted();
    if (limit.aborted) throw new EngineTimeoutError('ssh', timeoutMs);
    if (asked === 'answered') return;
    if (asked === 'cut') throw await toRefusal(endpoint, ssh);
    if (asked !== 'absent') throw toError(endpoint, asked);
    await Promise.race([ssh.ended, delay(POLL_MS)]);
  }
}

async function toRefusal(endpoint: SshEndpoint, ssh: SshProcess): Promise<EngineSshError> {
  const until = performance.now() + LAST_WORDS_MS;
  while (!CHANNEL_REFUSED.test(ssh.words) && performance.now() < until) await delay(POLL_MS);
  const words = ssh.words === '' ? 'The engine closed the connection' : ssh.words;
  return new EngineSshError(toEndpointUrl(endpoint), 'socket-unreachable', { words });
}

function toError(endpoint: SshEndpoint, { words, startError }: SshEnd): EngineSshError {
  const url = toEndpointUrl(endpoint);
  if (startError === undefined) return new EngineSshError(url, toSshProblem(words), { words });
  const isMissing = readText(startError, ['code']) === 'ENOENT';
  return new EngineSshError(url, isMissing ? 'ssh-missing' : 'other', {
    words: isMissing ? 'there is no `ssh` command' : startError.message,
    cause: startError,
  });
}
