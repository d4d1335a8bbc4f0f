import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type EngineClass, findSocket } from './connectable-engine.js';
import { waitUntil } from './wait-until.js';

const IMAGE = 'python:3.11-slim';
/** A second engine in the same network namespace would take the first one's bridge away, so it gets one of its own. */
const NAMESPACE = `paracle-test-${process.pid}`;
/** Who root is on the host where the engine is rootless. */
const SUBORDINATE_UID = 100_000;
const SUBORDINATE_COUNT = 65_536;
/** The steps of rootlesskit that an engine without bridges needs. It waits for its ids before it becomes root of its own. */
const BECOME_ROOTLESS = [
  'unshare --user --keep-caps --mount --net sh -c',
  `'read go; exec setpriv --reuid 0 --regid 0 --clear-groups sh -c "mount -t tmpfs none /run && exec dockerd $0"'`,
].join(' ');

interface BootOptions {
  /** Its data are on one of its own: on `btrfs` the storage driver uses its quotas, `ext4` can be filled: it has 1 GiB. */
  readonly filesystem?: 'btrfs' | 'ext4';
  /** Whether it runs without any privilege on the host. */
  readonly isRootless?: boolean;
}

/** A Docker Engine of one's own, that may be killed. Needs root. */
export class PrivateEngine implements AsyncDisposable {
  /** Beside the real engine's data: a file system that overlays work on. */
  readonly #directory = mkdtempSync('/var/lib/paracle-test-engine-');
  #daemon: ChildProcess | undefined;

  readonly #Engine: EngineClass;
  readonly #options: BootOptions;

  private constructor(Engine: EngineClass, options: BootOptions) {
    this.#Engine = Engine;
    this.#options = options;
    execFileSync('ip', ['netns', 'add', NAMESPACE]);
    execFileSync('ip', ['-n', NAMESPACE, 'link', 'set', 'lo', 'up']);
  }

  /** `Engine` is core's. */
  static async boot(Engine: EngineClass, options: BootOptions = {}): Promise<PrivateEngine> {
    const engine = new PrivateEngine(Engine, options);
    try {
      if (options.filesystem !== undefined) engine.#mountDisk(options.filesystem);
      await engine.start();
      await engine.#copyImage();
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  get endpoint(): string {
    return `unix://${this.#socket}`;
  }

  async start(): Promise<void> {
    const inside = (name: string): string => join(this.#directory, name);
    const options = {
      'data-root': inside('data'),
      'exec-root': inside('exec'),
      pidfile: inside('pid'),
      host: this.endpoint,
      ...(this.#options.isRootless === true
        ? { rootless: 'true', bridge: 'none', iptables: 'false', 'ip-forward': 'false' }
        : { bip: '172.30.251.1/24', 'cgroup-parent': `/${NAMESPACE}` }),
    };
    // What a killed engine left: both name processes that are dead, but perhaps not collected by this machine's init.
    for (const name of ['pid', 'exec/containerd/containerd.pid']) rmSync(inside(name), { force: true });
    const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    if (this.#options.isRootless === true) await this.#startRootless(words);
    else this.#daemon = spawn('nsenter', [`--net=/run/netns/${NAMESPACE}`, 'dockerd', ...words], { stdio: 'ignore' });
    await waitUntil('the private engine answers', async () => this.#answers(), 60_000);
  }

  /** As `kill -9` does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#daemon?.exitCode === null && this.#daemon.signalCode === null) await this.#end('SIGTERM');
    execFileSync('ip', ['netns', 'delete', NAMESPACE]);
    execFileSync('sh', [
      '-c',
      `for place in $(grep -o " ${this.#directory}[^ ]*" /proc/mounts | sort -r); do umount -l $place; done`,
    ]);
    rmSync(this.#directory, { recursive: true, force: true });
    // The killed engine's control groups, one in each hierarchy.
    execFileSync('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${NAMESPACE}*`, '-delete']);
  }

  async #startRootless(words: readonly string[]): Promise<void> {
    chownSync(this.#directory, SUBORDINATE_UID, SUBORDINATE_UID);
    // It asks for the proxy of published ports, which no container here has.
    symlinkSync('/bin/true', join(this.#directory, 'rootlesskit-docker-proxy'));
    const daemon = spawn('sh', ['-c', `exec ${BECOME_ROOTLESS} "$0"`, words.join(' ')], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {
        HOME: this.#directory,
        XDG_RUNTIME_DIR: this.#directory,
        PATH: `${process.env['PATH']}:${this.#directory}`,
        ROOTLESSKIT_STATE_DIR: this.#directory,
      },
    });
    this.#daemon = daemon;
    const isApart = (): boolean => readlinkSync(`/proc/${daemon.pid}/ns/user`) !== readlinkSync('/proc/self/ns/user');
    await waitUntil('it has user ids of its own', () => isApart() || undefined);
    for (const map of ['uid_map', 'gid_map'])
      writeFileSync(`/proc/${daemon.pid}/${map}`, `0 ${SUBORDINATE_UID} ${SUBORDINATE_COUNT}`);
    daemon.stdin.end('go\n');
  }

  /** Leaves no space on its disk. */
  fillDisk(): void {
    execFileSync('sh', ['-c', 'cat /dev/zero > "$0" 2> /dev/null || true', this.#filling]);
  }

  /** Gives the space back. */
  freeDisk(): void {
    rmSync(this.#filling);
  }

  get #filling(): string {
    return join(this.#directory, 'data', 'filling');
  }

  #mountDisk(filesystem: 'btrfs' | 'ext4'): void {
    const disk = join(this.#directory, 'disk');
    const data = join(this.#directory, 'data');
    mkdirSync(data);
    execFileSync('truncate', [filesystem === 'btrfs' ? '--size=4G' : '--size=1G', disk]);
    execFileSync(`mkfs.${filesystem}`, filesystem === 'btrfs' ? ['--quiet', disk] : ['-q', '-F', '-m', '0', disk]);
    execFileSync('mount', ['-o', 'loop', disk, data]);
  }

  get #socket(): string {
    return join(this.#directory, 'docker.sock');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    const exited = once(daemon, 'exit');
    daemon.kill(signal);
    await exited;
  }

  async #answers(): Promise<true | undefined> {
    if (!existsSync(this.#socket)) return undefined;
    await using engine = new this.#Engine({ endpoint: this.endpoint });
    return await engine.connect().then(
      () => true as const,
      () => undefined,
    );
  }

  /** From the real engine, since nothing can be pulled everywhere. */
  async #copyImage(): Promise<void> {
    await using real = new this.#Engine();
    const socketPath = await findSocket(real);
    const load = request({ socketPath: this.#socket, method: 'POST', path: '/images/load' });
    const loaded = once(load, 'response');
    const save = request({ socketPath, path: `/images/${encodeURIComponent(IMAGE)}/get` }).end();
    const [archive] = (await once(save, 'response')) as [IncomingMessage];
    await pipeline(archive, load);
    const [answer] = (await loaded) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
  }
}
