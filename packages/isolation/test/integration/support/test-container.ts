import { execFileSync } from 'node:child_process';
import { type ContainerDescription, type Engine, ownerLabels } from '@paracle/core';
import { waitUntil } from '@paracle/test-support';
import { listMemberships, type Membership } from '../../../src/guard/check-container.js';

const IMAGE = 'python:3.11-slim';

/** Ends with the kernel's number of why a connection failed, or with 0 where it got through. */
const CONNECT = `
import errno, socket, sys
tcp = socket.socket()
tcp.settimeout(2)
try:
    tcp.connect((sys.argv[1], int(sys.argv[2])))
except TimeoutError:
    sys.exit(errno.ETIMEDOUT)
except OSError as error:
    sys.exit(error.errno)
`;

/** How a container of the tests is made; the defaults are a container that rules hold. */
export interface TestContainerOptions {
  /** @defaultValue one that sleeps */
  readonly command?: readonly string[];
  readonly hostConfig?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A container that is not Paracle's: what people attach by hand. */
export class TestContainer implements AsyncDisposable {
  readonly id: string;
  readonly engine: Engine;

  private constructor(engine: Engine, id: string) {
    this.engine = engine;
    this.id = id;
  }

  static async create(engine: Engine, options: TestContainerOptions = {}): Promise<TestContainer> {
    const { command = ['sleep', '900'], hostConfig, config } = options;
    const body = {
      Image: IMAGE,
      User: '1000:1000',
      Cmd: command,
      // So that the next sweep removes it if this process is killed.
      Labels: ownerLabels({ purpose: 'sandbox' }),
      ...config,
      HostConfig: { NetworkMode: 'none', CapDrop: ['ALL'], ...hostConfig },
    };
    return new TestContainer(engine, (await engine.containers.create({ body })).id);
  }

  static async start(engine: Engine, options: TestContainerOptions = {}): Promise<TestContainer> {
    const container = await TestContainer.create(engine, options);
    try {
      await engine.containers.start(container.id);
      return container;
    } catch (error) {
      await container[Symbol.asyncDispose]();
      throw error;
    }
  }

  async inspect(): Promise<ContainerDescription> {
    return this.engine.containers.inspect(this.id);
  }

  /** The networks that it is on, as the engine tells, without `none`. */
  async networks(): Promise<readonly Membership[]> {
    return listMemberships(await this.inspect()).filter(({ name }) => name !== 'none');
  }

  /** The interfaces in its namespace, as the kernel tells. */
  async interfaces(): Promise<readonly string[]> {
    const lines = (await this.inNamespace(['ip', '-o', 'link'])).trim().split('\n');
    return lines.map((line) => /^\d+: ([^:@]+)/u.exec(line)?.[1] ?? line);
  }

  /** Runs a program of this machine in its network namespace, as root: what an owner of the host can do. */
  async inNamespace(command: readonly string[]): Promise<string> {
    const { pid } = (await this.inspect()).state;
    return execFileSync('nsenter', [`--net=/proc/${String(pid)}/ns/net`, ...command], { encoding: 'utf8' });
  }

  /** Tries TCP from inside: the kernel's number of why it failed, 0 where it got through. */
  async connectTo(address: string, port: number): Promise<number> {
    return this.run(['python3', '-c', CONNECT, address, String(port)]);
  }

  /** Runs a command inside, and says with which code it ended. */
  async run(command: readonly string[]): Promise<number> {
    const { execId, stream } = await this.engine.exec.start(this.id, { command });
    stream.receive(() => undefined);
    await stream.closed;
    stream.destroy();
    const { exitCode } = await waitUntil('the command has ended', async () => {
      const state = await this.engine.exec.inspect(execId);
      return state.isRunning ? undefined : state;
    });
    if (exitCode === undefined) throw new Error('The engine does not know how the command ended');
    return exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.containers.remove(this.id, { force: true });
  }
}
