/** The supervisor as PID 1 of namespaces of its own, and a client that speaks to it over standard input and output. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credit, frame, hello, TYPE } from './frames.mjs';

const ANSWER_TIMEOUT_MS = 20_000;
const KNOWN_TYPES = new Set(Object.values(TYPE));

/** Terminals that there may be at once. */
export const MAX_TERMINALS = 6;

/** Builds a root in a tmpfs that only these namespaces see, and becomes the supervisor in it. */
const ENTER = `
set -e
mount -t tmpfs -o mode=0755 tmpfs "$1"
cd "$1"
for name in bin etc lib lib64 sbin usr; do
  if [ -L "/$name" ]; then cp -P "/$name" .
  elif [ -d "/$name" ]; then mkdir "$name"; mount --rbind -o ro "/$name" "$name"; fi
done
mkdir -p proc dev/pts logs .paracle/store
mkdir -m 1777 tmp
mount -t proc proc proc
mount --bind "$3" logs
if [ -n "$4" ]; then
  mkdir -p sys/fs/cgroup
  mount --bind "$4/tree" sys/fs/cgroup
  mount --bind "$4/cgroup" proc/1/cgroup
  mount --bind "$4/net" proc/1/net
fi
for name in null zero tty; do touch "dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,max=${MAX_TERMINALS} devpts dev/pts
ln -s pts/ptmx dev/ptmx
touch supervisor
mount --bind "$2" supervisor
shift 4
exec chroot . "$@"
`;

export class SupervisorProcess {
  #directory = mkdtempSync(join(tmpdir(), 'paracle-native-'));
  #logs = mkdtempSync(join(tmpdir(), 'paracle-native-logs-'));
  #child;
  #stderr = '';
  #client;
  #command;

  /** `emulator` is a program that runs the binary; a guard grants programs all that PID 1 has; `recording` a folder with what the kernel shows inside (read-recordings.mjs). */
  constructor(binary, { emulator, recording = '', isGuard = false } = {}) {
    this.#command = [...(emulator === undefined ? [] : [emulator]), '/supervisor'];
    chmodSync(this.#logs, 0o1777);
    const sanitizer = (name) => `log_path=/logs/${name}:detect_leaks=0:print_stacktrace=1`;
    this.#child = spawn(
      'unshare',
      [
        '--pid',
        '--fork',
        '--kill-child',
        '--mount',
        '--ipc',
        'sh',
        '-c',
        ENTER,
        'sh',
        this.#directory,
        binary,
        this.#logs,
        recording,
        ...this.#command,
        ...(isGuard ? ['guard'] : []),
      ],
      { env: { PATH: process.env.PATH, ASAN_OPTIONS: sanitizer('asan'), UBSAN_OPTIONS: sanitizer('ubsan') } },
    );
    this.#child.stderr.on('data', (bytes) => (this.#stderr += bytes));
    this.#client = new Client(this.#child);
  }

  get client() {
    return this.#client;
  }

  /** What runs a further supervisor inside. */
  get command() {
    return this.#command;
  }

  /** Process ids, as they are outside, of PID 1's children: the keepers. */
  keepers() {
    return childrenOf(this.#pidOfSupervisor());
  }

  /** A further client, through `supervisor relay` beside PID 1. */
  relay() {
    const target = ['--target', String(this.#pidOfSupervisor()), '--mount', '--pid', '--root'];
    return new Client(spawn('nsenter', [...target, ...this.#command, 'relay'], { stdio: ['pipe', 'pipe', 'ignore'] }));
  }

  /** Ends what is left; rejects with what a sanitizer, or anyone on standard error, had to say. */
  async close() {
    this.#child.kill('SIGKILL');
    await this.#client.exited;
    const reports = readdirSync(this.#logs).map((name) => readFileSync(join(this.#logs, name), 'utf8'));
    rmSync(this.#logs, { recursive: true });
    rmdirSync(this.#directory);
    const text = [this.#stderr, ...reports].join('');
    if (text !== '') throw new Error(`Expected no report, found:\n${text}`);
  }

  #pidOfSupervisor() {
    return childrenOf(this.#child.pid)[0];
  }
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

class Client {
  #child;
  #received = Buffer.alloc(0);
  #frames = [];
  #wake = () => {};
  #output = new Map();
  #failure;
  /** Resolves with the exit code. */
  exited;
  /** Whether output is granted again as it comes. */
  renewsCredit = true;

  constructor(child) {
    this.#child = child;
    child.stdin.on('error', () => {}); // It may end before it has read all.
    child.stdout.on('data', (bytes) => this.#receive(bytes));
    this.exited = new Promise((resolve) => {
      child.on('close', (code) => {
        resolve(code);
        this.#wake();
      });
    });
  }

  send(type, id, payload) {
    this.write(frame(type, id, payload));
  }

  write(bytes) {
    this.#child.stdin.write(bytes);
  }

  end() {
    this.#child.stdin.end();
  }

  async greet() {
    this.send(TYPE.hello, 0, hello());
    return this.answer(TYPE.welcome, 0);
  }

  /** The payload of the next frame of this type and id. */
  async answer(type, id) {
    return (await this.#wait((frame) => frame.type === type && frame.id === id, `type ${type} of ${id}`)).payload;
  }

  /** How an execution ended: its exit, or its refusal. */
  async outcome(id) {
    const isEnd = (frame) => frame.id === id && (frame.type === TYPE.exited || frame.type === TYPE.refused);
    const { type, payload } = await this.#wait(isEnd, `the end of ${id}`);
    if (type === TYPE.refused) return { stage: payload.readUInt32LE(0), errno: payload.readUInt32LE(4) };
    if (payload.length !== 168) throw new Error(`Expected 168 bytes of EXITED, got ${payload.length}`);
    const [cause, flags, code, signal] = payload;
    return { cause, flags, code, signal, survivors: payload.readUInt32LE(4) };
  }

  /** What an execution has printed so far and nobody has taken yet. */
  takeOutput(id) {
    const output = Buffer.concat(this.#output.get(id) ?? []);
    this.#output.delete(id);
    return output;
  }

  /** Waits until at least so many bytes of output are there, and takes them all. */
  async outputOf(id, bytes) {
    await this.#until(() => this.#lengthOf(id) >= bytes, `${bytes} bytes of output of ${id}`);
    return this.takeOutput(id);
  }

  #lengthOf(id) {
    return (this.#output.get(id) ?? []).reduce((sum, chunk) => sum + chunk.length, 0);
  }

  async #wait(matches, what) {
    let index = -1;
    await this.#until(() => (index = this.#frames.findIndex(matches)) >= 0, what);
    return this.#frames.splice(index, 1)[0];
  }

  async #until(isThere, what) {
    let isOver = false;
    const over = () => {
      isOver = true;
      this.#wake();
    };
    const timer = setTimeout(over, ANSWER_TIMEOUT_MS);
    void this.exited.then(over);
    try {
      while (!isThere()) {
        if (this.#failure !== undefined) throw this.#failure;
        if (isOver) throw new Error(`Expected ${what}, got none within ${ANSWER_TIMEOUT_MS} ms`);
        await new Promise((resolve) => (this.#wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #receive(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 12 && this.#failure === undefined) {
      const length = this.#received.readUInt32LE(0);
      const type = this.#received[5];
      if (
        this.#received[4] !== 0xa7 ||
        this.#received.readUInt16LE(6) !== 0 ||
        !KNOWN_TYPES.has(type) ||
        length > 65536
      ) {
        this.#failure = new Error(`Expected a frame, got ${this.#received.subarray(0, 12).toString('hex')}`);
        break;
      }
      if (this.#received.length < 12 + length) break;
      this.#take(type, this.#received.readUInt32LE(8), this.#received.subarray(12, 12 + length));
      this.#received = this.#received.subarray(12 + length);
    }
    this.#wake();
  }

  #take(type, id, payload) {
    if (type !== TYPE.stdout && type !== TYPE.stderr)
      return void this.#frames.push({ type, id, payload: Buffer.from(payload) });
    this.#output.set(id, [...(this.#output.get(id) ?? []), Buffer.from(payload)]);
    if (this.renewsCredit) this.send(TYPE.credit, id, credit(type === TYPE.stdout ? 1 : 2, payload.length));
  }
}
