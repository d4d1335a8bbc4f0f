import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { type Engine, type HijackedStream, ownerLabels } from '@paracle/core';
import { AgentConversation } from './agent-conversation.js';

const run = promisify(execFile);
const FRAME_HEADER_BYTES = 8;

/** What a container's processes may do: what those of a sandbox may, or change the network of their namespace. */
export type Rights = 'sandboxed' | 'administering';

const bodies: Readonly<Record<Rights, { readonly User: string; readonly HostConfig: object }>> = {
  sandboxed: { User: '1000:1000', HostConfig: {} },
  administering: { User: '0:0', HostConfig: { CapAdd: ['NET_ADMIN', 'NET_RAW'], ReadonlyPaths: [] } },
};

const roles = { world: ['world.py'], attempt: ['tampering.py', 'agent.py'], session: ['agent.py'] } as const;

/** A container without a network, for agents to live in. */
export class LabContainer implements AsyncDisposable {
  readonly id: string;
  readonly #engine: Engine;
  readonly #pid: number;
  readonly #streams: HijackedStream[] = [];

  private constructor(engine: Engine, id: string, pid: number) {
    this.#engine = engine;
    this.id = id;
    this.#pid = pid;
  }

  static async start(engine: Engine, rights: Rights): Promise<LabContainer> {
    const { User, HostConfig } = bodies[rights];
    const { id } = await engine.containers.create({
      body: {
        Image: 'python:3.11-slim',
        Cmd: ['sleep', 'infinity'],
        User,
        Labels: ownerLabels({ purpose: 'sandbox' }),
        HostConfig: { NetworkMode: 'none', CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'], ...HostConfig },
      },
    });
    try {
      await engine.containers.start(id);
      const { state } = await engine.containers.inspect(id);
      return new LabContainer(engine, id, state.pid ?? 0);
    } catch (error) {
      await engine.containers.remove(id, { force: true });
      throw error;
    }
  }

  /** Puts it on a network with no rules, as `docker network connect` does; resolves to its address. */
  async join(networkId: string): Promise<string> {
    await this.#engine.networks.disconnect('none', this.id);
    await this.#engine.networks.connect(networkId, this.id);
    return this.addressOn(networkId);
  }

  /** Its address on a network; empty where it is not on it. */
  async addressOn(networkId: string): Promise<string> {
    const { members } = await this.#engine.networks.inspect(networkId);
    return members.find(({ containerId }) => containerId === this.id)?.address ?? '';
  }

  /** Runs a program of this machine in its network namespace, from outside, as root. */
  async enter(...command: readonly string[]): Promise<string> {
    const { stdout } = await run('nsenter', [`--net=/proc/${this.#pid}/ns/net`, ...command]);
    return stdout;
  }

  async ip(...commands: readonly string[]): Promise<void> {
    for (const command of commands) await this.enter('ip', ...command.split(' '));
  }

  /** Starts an agent in it, with the rights of its processes. */
  async converse(role: keyof typeof roles, options: object): Promise<AgentConversation> {
    const scripts = await Promise.all(
      roles[role].map(async (name) => readFile(new URL(name, import.meta.url), 'utf8')),
    );
    const command = ['python3', '-c', scripts.join(''), role, JSON.stringify(options)];
    const { stream } = await this.#engine.exec.start(this.id, { command });
    this.#streams.push(stream);
    return new AgentConversation(splitStreams(stream));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
    await this.#engine.containers.remove(this.id, { force: true });
  }
}

/** What the engine multiplexes, apart again. */
function splitStreams(stream: HijackedStream): {
  readonly stdin: HijackedStream;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
} {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let unread = Buffer.alloc(0);
  stream.receive((bytes) => {
    unread = Buffer.concat([unread, bytes]);
    while (unread.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + unread.readUInt32BE(4);
      if (unread.length < end) return;
      const target = unread[0] === 2 ? stderr : stdout;
      target.write(unread.subarray(FRAME_HEADER_BYTES, end));
      unread = unread.subarray(end);
    }
  });
  void stream.closed.then(() => {
    stderr.end();
    stdout.end();
  });
  return { stdin: stream, stdout, stderr };
}
