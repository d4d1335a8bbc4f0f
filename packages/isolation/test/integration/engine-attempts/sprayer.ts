import type { Act } from '../attempts/attempt.js';
import type { EngineLab } from '../support/engine-lab.js';
import type { LabContainer } from '../support/lab-container.js';

/** Gives up only where the container can't send at all. */
const LOOKS = 1000;

/** A container without a network, in which a process sends datagrams to the peer for as long as it lives. */
export class Sprayer {
  readonly container: LabContainer;
  readonly #lab: EngineLab;

  private constructor(lab: EngineLab, container: LabContainer) {
    this.#lab = lab;
    this.container = container;
  }

  static async start(lab: EngineLab, act: Act): Promise<Sprayer> {
    const container = await lab.site.container('sandboxed');
    const attempter = await container.converse('attempt', {});
    await attempter.ask(JSON.stringify({ ...act, to: lab.resolve(act.to) }));
    return new Sprayer(lab, container);
  }

  /** Which of them the peer has heard of since it was last asked anything. */
  static async whichSeen(lab: EngineLab, sprayers: readonly Sprayer[]): Promise<readonly boolean[]> {
    const addresses = await Promise.all(sprayers.map(async (sprayer) => sprayer.#address()));
    const lines = await lab.peer.server.drain();
    return addresses.map((address) => lines.some(({ packet }) => packet?.from === address));
  }

  /** Waits until the peer has heard of it. */
  async isSeen(): Promise<boolean> {
    for (let look = 0; look < LOOKS; look++) if (await this.wasSeen()) return true;
    return false;
  }

  /** Whether the peer has heard of it since it was last asked anything. */
  async wasSeen(): Promise<boolean> {
    const [isSeen = false] = await Sprayer.whichSeen(this.#lab, [this]);
    return isSeen;
  }

  /** One without an address would be seen by nobody, whatever it sends. */
  async #address(): Promise<string> {
    const address = await this.container.addressOn(this.#lab.network.id);
    if (address === '') throw new Error('Expected the container to be on the network');
    return address;
  }
}
