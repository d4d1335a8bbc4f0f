import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Act, Attempt, Privilege } from '../attempts/attempt.js';
import { AgentConversation, type Packet } from './agent-conversation.js';
import { labCommands } from './lab-network.js';

const run = promisify(execFile);
const agents = { world: 'world.py', attempt: 'agent.py', session: 'agent.py' } as const;

/** Each answers in the world by TCP and UDP, at all addresses. */
const PORTS: readonly number[] = [53, 80, 443, 5353, 5432, 8080];

/** With all of root's capabilities the processes in the namespaces could change the rules. */
const dropTo: Readonly<Record<Privilege, readonly string[]>> = {
  none: ['setpriv', '--inh-caps=-all', '--bounding-set=-all'],
  raw: ['setpriv', '--inh-caps=-all', '--bounding-set=-all,+net_raw,+net_bind_service'],
};

/** What an attempt saw: its own answer, and what came out at the other end. */
export interface Observation {
  readonly isAnswered: boolean;
  readonly error?: string;
  readonly durationMs: number;
  /** IP packets that reached the world. */
  readonly packets: readonly Packet[];
  /** The server in the sandbox was reached. */
  readonly isHeard: boolean;
}

/**
 * Two namespaces of this machine, joined by a cable: a sandbox, and a world that owns every address that is asked for
 * on its loopback, so that nothing leaves the machine. Needs root.
 */
export class NetworkLab implements AsyncDisposable {
  readonly #id = randomBytes(4).toString('hex');
  readonly #children: ChildProcessWithoutNullStreams[] = [];
  readonly #attempters = new Map<string, AgentConversation>();
  #watcher: AgentConversation | undefined;
  #server: AgentConversation | undefined;

  static async create(worldAddresses: readonly string[]): Promise<NetworkLab> {
    const lab = new NetworkLab();
    try {
      for (const command of labCommands({ sandbox: lab.sandbox, world: lab.world, worldAddresses })) {
        await run('ip', command.split(' '));
      }
      lab.#watcher = lab.#start(lab.world, 'world', { ports: PORTS });
      await lab.#watcher.next();
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  get sandbox(): string {
    return `paracle-${this.#id}-sandbox`;
  }

  get world(): string {
    return `paracle-${this.#id}-world`;
  }

  /** Runs nft in the sandbox's namespace, with all of root's rights or with those of an attempt. */
  async nft(
    args: readonly string[],
    options: { readonly input?: string; readonly as?: Privilege } = {},
  ): Promise<string> {
    const { input, as } = options;
    const command = [...(as === undefined ? [] : dropTo[as]), 'nft', ...args];
    const running = run('ip', ['netns', 'exec', this.sandbox, ...command], { maxBuffer: 64 * 1024 * 1024 });
    if (input !== undefined) running.child.stdin?.end(input);
    return (await running).stdout;
  }

  load(ruleset: string): Promise<string> {
    return this.nft(['-f', '-'], { input: ruleset });
  }

  async unload(): Promise<void> {
    await this.load('add table inet paracle; delete table inet paracle');
  }

  /** Tries one thing, and waits until the world has told every packet that came of it. */
  async attempt(act: Act, options: Pick<Attempt, 'as' | 'isInbound'> = {}): Promise<Observation> {
    const { as = 'none', isInbound = false } = options;
    await this.#watcher?.drain();
    await this.#server?.drain();
    const attempter = this.#attempterIn(isInbound ? this.world : this.sandbox, as);
    const { isAnswered = false, error, durationMs = 0 } = await attempter.ask(JSON.stringify(act));
    const arrived = (await this.#watcher?.drain()) ?? [];
    return {
      isAnswered,
      durationMs,
      packets: arrived.flatMap(({ packet }) => packet ?? []),
      isHeard: ((await this.#server?.drain()) ?? []).some(({ heard }) => heard !== undefined),
      ...(error === undefined ? {} : { error }),
    };
  }

  /** Makes the sandbox a router, and the world's way to an address lead through it. */
  async routeThroughSandbox(address: string): Promise<void> {
    const enable = 'echo 1 > /proc/sys/net/ipv4/ip_forward';
    await run('ip', ['netns', 'exec', this.sandbox, 'sh', '-c', enable]);
    await run('ip', ['-n', this.world, 'route', 'add', address, 'via', '198.18.7.2']);
  }

  /** Opens a connection that lives on. */
  async session(act: Act): Promise<AgentConversation> {
    const conversation = this.#start(this.sandbox, 'session', act);
    await conversation.next();
    return conversation;
  }

  /** Echoes in the sandbox at one address, on ports that the kernel chooses for 0; resolves to those of TCP, then UDP. */
  async serve(options: { readonly address: string; readonly ports: readonly number[] }): Promise<readonly number[]> {
    this.#server = this.#start(this.sandbox, 'world', options);
    const { ports } = await this.#server.next();
    return ports ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    const names = [this.sandbox, this.world];
    // One that was never made can't be deleted.
    await Promise.all(names.map((name) => run('ip', ['netns', 'delete', name]).catch(() => undefined)));
  }

  #attempterIn(namespace: string, privilege: Privilege): AgentConversation {
    const key = `${namespace} ${privilege}`;
    const attempter = this.#attempters.get(key) ?? this.#start(namespace, 'attempt', {}, privilege);
    this.#attempters.set(key, attempter);
    return attempter;
  }

  #start(namespace: string, role: keyof typeof agents, options: object, privilege?: Privilege): AgentConversation {
    const script = fileURLToPath(new URL(agents[role], import.meta.url));
    const command = [...(privilege === undefined ? [] : dropTo[privilege]), 'python3', script, role];
    const child = spawn('ip', ['netns', 'exec', namespace, ...command, JSON.stringify(options)]);
    this.#children.push(child);
    return new AgentConversation(child);
  }
}
