import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** What an agent is spoken to by: a child process, or a command in a container. */
export interface AgentStreams {
  readonly stdin: { write(text: string): unknown };
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** An IP packet that arrived. */
export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly protocol: number;
}

/** A line that an agent says. */
export interface Line {
  readonly packet?: Packet;
  /** A server was reached, by this protocol. */
  readonly heard?: string;
  /** All before was told. */
  readonly isDrained?: boolean;
  readonly ports?: readonly number[];
  readonly isAnswered?: boolean;
  readonly error?: string;
  readonly durationMs?: number;
}

/** An agent that lives on, line by line. */
export class AgentConversation {
  readonly #lines: AsyncIterator<string, undefined>;
  readonly #streams: AgentStreams;
  #errors = '';

  constructor(streams: AgentStreams) {
    this.#streams = streams;
    streams.stderr.on('data', (data: Buffer) => (this.#errors += data.toString()));
    this.#lines = createInterface(streams.stdout)[Symbol.asyncIterator]();
  }

  say(line: string): void {
    this.#streams.stdin.write(`${line}\n`);
  }

  async next(): Promise<Line> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`The agent ended: ${this.#errors}`);
    return JSON.parse(value) as Line;
  }

  /** Says a line, and hears what comes back. */
  ask(line: string): Promise<Line> {
    this.say(line);
    return this.next();
  }

  /** Everything that a watcher had to tell up to now. */
  async drain(): Promise<readonly Line[]> {
    const lines: Line[] = [];
    this.say('drain');
    for (let line = await this.next(); line.isDrained !== true; line = await this.next()) lines.push(line);
    return lines;
  }
}
