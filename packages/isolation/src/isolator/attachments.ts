import type { Engine } from '@paracle/core';
import type { Attachment } from './attachment.js';
import { Withdrawals } from './withdrawals.js';

/** Who is on the networks of one isolator, and who should not be any more. */
export class Attachments {
  /** Those that should not be any more. */
  readonly withdrawals: Withdrawals;
  readonly #engine: Engine;
  readonly #standing = new Map<string, { readonly attachment: Attachment; readonly unregister: () => void }>();

  constructor(engine: Engine, closing: AbortSignal) {
    this.#engine = engine;
    this.withdrawals = new Withdrawals(closing);
  }

  get(containerId: string): Attachment | undefined {
    return this.#standing.get(containerId)?.attachment;
  }

  /** The containers on a network, or on any. */
  on(networkId?: string): readonly Attachment[] {
    const all = [...this.#standing.values()].map(({ attachment }) => attachment);
    return networkId === undefined ? all : all.filter((attachment) => attachment.networkId === networkId);
  }

  /** Every container that is on a network, or may still be. */
  ids(): readonly string[] {
    return [...new Set([...this.on(), ...this.withdrawals.list()].map(({ containerId }) => containerId))];
  }

  /** From now on siblings find it at the engine. */
  add(attachment: Attachment): void {
    const { containerId } = attachment;
    const unregister = this.#engine.networkAttachments.register(containerId, attachment);
    this.#standing.set(containerId, { attachment, unregister });
  }

  /** Whether it was there. */
  delete(attachment: Attachment): boolean {
    const known = this.#standing.get(attachment.containerId);
    if (known?.attachment !== attachment) return false;
    known.unregister();
    return this.#standing.delete(attachment.containerId);
  }

  /**
   * Has a container lose its network in the given way. Of one that was on it is told whether it is off it now, and where
   * it was not, once it is.
   *
   * @throws IsolationError `PARACLE_ISOLATION_DISCONNECT_FAILED`
   */
  async lose(
    attachment: Attachment,
    withdraw: () => Promise<void>,
    tell: (isDisconnected: boolean) => void,
  ): Promise<void> {
    const wasOn = this.delete(attachment);
    try {
      await this.withdrawals.begin(attachment, async () => {
        await withdraw();
        if (wasOn) tell(true);
      });
    } catch (error) {
      if (wasOn) tell(false);
      throw error;
    }
  }

  /**
   * Has a container leave its network.
   *
   * @throws IsolationError `PARACLE_ISOLATION_DISCONNECT_FAILED`
   */
  async leave(containerId: string): Promise<void> {
    const attachment = this.get(containerId);
    if (attachment !== undefined) {
      this.delete(attachment);
      await this.withdrawals.begin(attachment, async () => attachment.leave());
    }
    await this.withdrawals.finish(containerId);
  }
}
