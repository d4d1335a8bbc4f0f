import { waitUntil } from '@paracle/test-support';
import type { Execution, Sandbox } from '../../../src/index.js';

const COUNT = `
import itertools, time
for number in itertools.count():
    print(number, flush=True)
    time.sleep(0.01)
`;

/** An execution that goes on counting, to see whether it is left alone. */
export class Neighbour implements AsyncDisposable {
  readonly #execution: Execution;
  readonly #reading: Promise<void>;
  #text = '';
  #next = 0;
  #isInOrder = true;

  private constructor(execution: Execution) {
    this.#execution = execution;
    this.#reading = this.#read();
  }

  static async start(sandbox: Sandbox): Promise<Neighbour> {
    const neighbour = new Neighbour(sandbox.start(['python3', '-c', COUNT], { timeoutSeconds: 3600 }));
    await neighbour.goesOn();
    return neighbour;
  }

  get pid(): Promise<number> {
    return this.#execution.pid;
  }

  /** Whether no number was ever lost or said twice. */
  get isInOrder(): boolean {
    return this.#isInOrder;
  }

  /** Waits for five more numbers. */
  async goesOn(): Promise<void> {
    const goal = this.#next + 5;
    await waitUntil('the neighbour counts on', () => this.#next >= goal || undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#execution.cancel();
    await this.#execution.result.catch(() => undefined);
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const { bytes } of this.#execution.output) {
      const lines = (this.#text + Buffer.from(bytes).toString()).split('\n');
      this.#text = lines.pop() ?? '';
      for (const line of lines) this.#isInOrder = Number(line) === this.#next++ && this.#isInOrder;
    }
  }
}
