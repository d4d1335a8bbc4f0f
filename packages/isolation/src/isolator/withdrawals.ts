import { setTimeout as delay } from 'node:timers/promises';
import type { Attachment } from './attachment.js';
import { disconnectFailed } from './isolator-errors.js';
import { KeyedQueue } from './keyed-queue.js';

/** Between two attempts; twice as long after each, up to the second. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [200, 2000];

/** What is known here of an {@link Attachment}. */
export type Attached = Pick<Attachment, 'containerId' | 'networkId'>;

/** Waits, but not longer than until the signal. */
type Pause = (ms: number, signal: AbortSignal) => Promise<unknown>;

const pauseUnlessAborted: Pause = async (ms, signal) =>
  delay(ms, undefined, { signal, ref: false }).catch(() => undefined);

/** The containers of one isolator that should not have their network any more, until they have not. */
export class Withdrawals {
  readonly #closing: AbortSignal;
  readonly #pause: Pause;
  readonly #pending = new Map<Attached, () => Promise<void>>();
  /** One attempt after the other for a container: a late one must not take its next network. */
  readonly #queue = new KeyedQueue();

  /** Attempts come to an end with the signal. */
  constructor(closing: AbortSignal, pause: Pause = pauseUnlessAborted) {
    this.#closing = closing;
    this.#pause = pause;
  }

  /** Those that may still have a network, or that one. */
  list(networkId?: string): readonly Attached[] {
    return [...this.#pending.keys()].filter((attached) => networkId === undefined || attached.networkId === networkId);
  }

  /**
   * Takes the network from a container. Rejects where the first attempt fails; then others follow until one succeeds.
   *
   * @throws IsolationError `PARACLE_ISOLATION_DISCONNECT_FAILED`
   */
  async begin(attached: Attached, withdraw: () => Promise<void>): Promise<void> {
    const isPending = this.#pending.has(attached);
    if (!isPending) this.#pending.set(attached, withdraw);
    try {
      await this.attempt(attached);
    } catch (error) {
      if (!isPending) void this.#goOn(attached);
      throw error;
    }
  }

  /** Tries now; one that has lost its network already is fine. */
  async attempt(attached: Attached): Promise<void> {
    await this.#queue.run(attached.containerId, async () => {
      try {
        await this.#pending.get(attached)?.();
      } catch (error) {
        throw disconnectFailed(attached, error);
      }
      this.#pending.delete(attached);
    });
  }

  /** Resolves once nothing is pending for a container. Rejects as {@link begin} does. */
  async finish(containerId: string): Promise<void> {
    for (const attached of this.list()) if (attached.containerId === containerId) await this.attempt(attached);
  }

  /** Ends by itself: with the isolator, which tries once more and so waits for an attempt that is under way. */
  async #goOn(attached: Attached): Promise<void> {
    for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
      await this.#pause(ms, this.#closing);
      if (this.#closing.aborted || !this.#pending.has(attached)) return;
      await this.attempt(attached).catch(() => undefined);
    }
  }
}
