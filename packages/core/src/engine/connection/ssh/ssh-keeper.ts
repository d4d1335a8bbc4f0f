import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';

/** Waits for the end of its standard input, which nothing is ever written to. */
const SCRIPT = 'read -r _; kill "$1"; rm -rf -- "$2"';

/**
 * Ends ssh and removes its directory once the controller is gone, however it went: the system then closes its end of
 * the pipe. ssh can't see to that itself: a channel whose client died stays open until the other side has something to
 * say, and ssh with it.
 */
export class SshKeeper {
  /** Resolves when it is there no more. */
  readonly gone: Promise<void>;
  readonly #child: ChildProcess;

  constructor(sshId: number, directory: string) {
    const own = ['-c', SCRIPT, 'paracle-ssh-keeper', String(sshId), directory];
    const child = spawn('/bin/sh', own, {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#child = child;
    this.gone = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    if (child.stdin instanceof Socket) child.stdin.unref();
    child.unref();
  }

  /** Ends it without letting it act: the process id it knows may soon be another's. */
  async dismiss(): Promise<void> {
    this.#child.ref();
    this.#child.kill('SIGKILL');
    await this.gone;
  }
}
