import type { Engine } from '@paracle/core';
import type { Attachment } from './attachment.js';

/** Who is on the networks of one isolator, and who should not be any more. */
export class Attachments {
  readonly #engine: Engine;
  readonly #standing = new Map<string, { readonly attachment: Attachment; readonly unregister: () => void }>();
  /** Those that should have lost the network, and have not: the engine did not do it. */
  readonly #stranded = new Map<string, Attachment>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get(containerId: string): Attachment | undefined {
    return this.#standing.get(containerId)?.attachment;
  }

  /** The containers on a network, or on any. */
  on(networkId?: string): readonly Attachment[] {
    const all = [...this.#standing.values()].map(({ attachment }) => attachment);
    return networkId === undefined ? all : all.filter((attachment) => attachment.networkId === networkId);
  }

  /** Every container that is on a network, stranded or not. */
  ids(): readonly string[] {
    return [...this.#standing.keys(), ...this.#stranded.keys()];
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

  strand(attachment: Attachment): void {
    this.#stranded.set(attachment.containerId, attachment);
  }

  /** Has a container leave its network; one that could not is stranded, and may be asked again. */
  async leave(containerId: string): Promise<void> {
    const attachment = this.get(containerId) ?? this.#stranded.get(containerId);
    if (attachment === undefined) return;
    this.delete(attachment);
    this.strand(attachment);
    await attachment.leave();
    this.#stranded.delete(containerId);
  }
}
