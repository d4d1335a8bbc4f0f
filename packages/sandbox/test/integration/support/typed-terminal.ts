import { waitUntil } from '@paracle/test-support';
import type { Execution, ExecutionResult } from '../../../src/index.js';

/** A command at a terminal, with somebody in front of it who reads and types. */
export class TypedTerminal implements AsyncDisposable {
  readonly execution: Execution;
  readonly #reading: Promise<void>;
  #text = '';
  #seen = 0;

  constructor(execution: Execution) {
    this.execution = execution;
    this.#reading = this.#read();
  }

  /** All that it has shown so far. */
  get text(): string {
    return this.#text;
  }

  async type(keys: string): Promise<void> {
    await this.execution.write(keys);
  }

  /** Waits until it shows this, after what was waited for before. */
  async shows(what: string): Promise<void> {
    await waitUntil(`the terminal shows ${JSON.stringify(what)}, not ${JSON.stringify(this.#text)}`, () => {
      const at = this.#text.indexOf(what, this.#seen);
      if (at < 0) return false;
      this.#seen = at + what.length;
      return true;
    });
  }

  /** Waits for the end and for all that was shown until then. */
  async ended(): Promise<ExecutionResult> {
    const result = await this.execution.result;
    await this.#reading;
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.execution.kill('SIGKILL');
    await this.execution.result.catch(() => undefined);
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const { bytes } of this.execution.output) this.#text += Buffer.from(bytes).toString();
  }
}
