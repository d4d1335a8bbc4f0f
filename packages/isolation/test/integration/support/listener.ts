import type { Engine, HijackedStream } from '@paracle/core';
import { waitUntil } from '@paracle/test-support';
import { TestContainer } from './test-container.js';

/** The port that a listener listens on, by TCP and UDP. */
export const LISTENER_PORT = 9000;

const LISTEN = `
import selectors, socket
tcp = socket.create_server(('0.0.0.0', ${LISTENER_PORT}), backlog=1024)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(('0.0.0.0', ${LISTENER_PORT}))
ready = selectors.DefaultSelector()
ready.register(tcp, selectors.EVENT_READ)
ready.register(udp, selectors.EVENT_READ)
print('listening', flush=True)
while True:
    for key, _ in ready.select():
        if key.fileobj is udp:
            print('udp', udp.recvfrom(1)[1][0], flush=True)
        else:
            connection, address = tcp.accept()
            connection.close()
            print('tcp', address[0], flush=True)
`;

/** Tries to connect, by UDP and TCP, again and again from its first instruction on. */
const FLOOD = `
import socket, sys, time
to = (sys.argv[1], ${LISTENER_PORT})
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try:
        udp.sendto(b'x', to)
    except OSError:
        pass
    tcp = socket.socket()
    tcp.settimeout(2)
    try:
        tcp.connect(to)
        time.sleep(0.005)
    except OSError:
        pass
    tcp.close()
`;

/** The command of a container that tries to reach a listener from its first instruction on. */
export function floodCommand(address: string): readonly string[] {
  return ['python3', '-c', FLOOD, address];
}

/** Something heard: by which protocol, from where, and when. */
interface Heard {
  readonly protocol: string;
  readonly from: string;
  readonly atMs: number;
}

/** A container on a network, without a policy of its own, that tells who reaches it. */
export class Listener implements AsyncDisposable {
  readonly address: string;
  readonly #container: TestContainer;
  readonly #stream: HijackedStream;
  readonly #heard: Heard[];

  private constructor(container: TestContainer, stream: HijackedStream, heard: Heard[], address: string) {
    this.#container = container;
    this.#stream = stream;
    this.#heard = heard;
    this.address = address;
  }

  static async start(engine: Engine, network: string): Promise<Listener> {
    const container = await TestContainer.create(engine, {
      command: ['python3', '-c', LISTEN],
      config: { Tty: true },
      hostConfig: { NetworkMode: network },
    });
    try {
      const stream = await engine.containers.attach(container.id);
      const heard = collect(stream);
      await engine.containers.start(container.id);
      await waitUntil('it listens', () => heard.some(({ protocol }) => protocol === 'listening') || undefined);
      const [membership] = await container.networks();
      return new Listener(container, stream, heard, membership?.address ?? '');
    } catch (error) {
      await container[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** All that came so far from others: what came before this was called is in it. */
  async heard(): Promise<readonly Heard[]> {
    const count = this.#fromItself().length;
    const code = await this.#container.connectTo('127.0.0.1', LISTENER_PORT);
    if (code !== 0) throw new Error(`The listener can't be reached by itself: ${code}`);
    await waitUntil(
      'the listener has told of its own connection',
      () => this.#fromItself().length > count || undefined,
    );
    return this.#heard.filter(({ from, protocol }) => protocol !== 'listening' && from !== '127.0.0.1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.destroy();
    await this.#container[Symbol.asyncDispose]();
  }

  #fromItself(): readonly Heard[] {
    return this.#heard.filter(({ from }) => from === '127.0.0.1');
  }
}

function collect(stream: HijackedStream): Heard[] {
  const heard: Heard[] = [];
  let rest = '';
  stream.receive((bytes) => {
    const lines = `${rest}${bytes.toString()}`.split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [protocol = '', from = ''] = line.split(' ');
      heard.push({ protocol, from, atMs: performance.now() });
    }
  });
  return heard;
}
