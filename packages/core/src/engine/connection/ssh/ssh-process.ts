import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SshKeeper } from './ssh-keeper.js';

const MAX_WORDS_LENGTH = 2000;
const GRACE_MS = 2000;
const LAST_WORDS_MS = 200;

/** What {@link SshProcess} takes. */
export interface SshProcessOptions {
  readonly arguments: readonly string[];
  /** Where it runs; belongs to it. */
  readonly directory: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** How ssh ended. */
export interface SshEnd {
  /** What it wrote, the last of it. */
  readonly words: string;
  /** Why it was never started. */
  readonly startError?: Error;
}

/**
 * One run of the `ssh` command. It has a session of its own, so that Ctrl-C in the controller's terminal leaves the
 * controller the connection that it cleans up with; and it doesn't keep the controller alive.
 */
export class SshProcess {
  /** Resolves when it has ended, and what guarded it too. */
  readonly ended: Promise<SshEnd>;
  readonly #child: ChildProcess;
  #words = '';

  constructor({ arguments: own, directory, variables }: SshProcessOptions) {
    const child: ChildProcess = spawn('ssh', own, {
      cwd: directory,
      env: variables,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    // Without file descriptors to spare there are no streams, and an error follows.
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes: Buffer) => this.#hear(bytes.toString()));
    for (const stream of [child.stdin, child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
    child.unref();
    this.ended = this.#watch(directory);
  }

  /** What it wrote so far, the last of it. */
  get words(): string {
    return this.#words.trim();
  }

  /** Ends it; resolves when that has happened. */
  async end(): Promise<void> {
    this.#child.ref();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  async #watch(directory: string): Promise<SshEnd> {
    const child = this.#child;
    // A process that it started may hold its standard error open: then its words so far are all.
    const closed = new Promise<void>((resolve) => child.once('close', resolve));
    const keeper = child.pid === undefined ? undefined : new SshKeeper(child.pid, directory);
    void keeper?.gone.then(() => child.kill('SIGTERM'));
    child.on('error', () => undefined);
    const startError = await new Promise<Error | undefined>((resolve) => {
      child.once('error', resolve);
      child.once('exit', () => resolve(undefined));
    });
    if (startError !== undefined) return { words: this.words, startError };
    await keeper?.dismiss();
    await Promise.race([closed, delay(LAST_WORDS_MS)]);
    return { words: this.words };
  }

  /** Without what would steer a terminal: the other machine writes it. */
  #hear(text: string): void {
    this.#words = `${this.#words}${text.replaceAll(/[^\n\P{C}]/gu, '')}`.slice(-MAX_WORDS_LENGTH);
  }
}
