import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROLL_BACK = fileURLToPath(new URL('roll-back.mjs', import.meta.url));

/** A process of its own that rolls a sandbox back, does each part when it is told to, and is killed at a step. */
export class KilledController implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(image: string, stopAt: string) {
    const child = spawn(process.execPath, [ROLL_BACK, image, stopAt], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = child;
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  /** What it says next. */
  async said(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('The controller ended');
    return line.value;
  }

  /** Lets it go on, and resolves with what it says then. */
  async goOn(): Promise<string> {
    this.#process.stdin?.write('\n');
    return this.said();
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
