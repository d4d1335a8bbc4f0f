import type { CallOptions } from '@paracle/core';
import { type ContainerSnapshots, type TakeOptions, takeTurn } from '../container-snapshots.js';
import type { RollbackOptions, RollbackResult } from '../restore/rollback-options.js';
import type { SnapshotDescription, StoredDescription } from '../snapshot/snapshot-description.js';
import type { ReplacementSnapshots } from './replacement-snapshots.js';

/** The snapshots of one container that Paracle did not make, known by its name, since a rollback gives it another id. */
export class ForeignSnapshots implements ContainerSnapshots {
  readonly key: string;
  readonly #replacements: ReplacementSnapshots;

  constructor(name: string, replacements: ReplacementSnapshots) {
    this.key = name;
    this.#replacements = replacements;
  }

  async create(kind: StoredDescription['kind'], options: TakeOptions): Promise<string> {
    return takeTurn(this.key, options, async () => this.#replacements.createSnapshot(this.key, { kind, ...options }));
  }

  async list(options: CallOptions): Promise<readonly SnapshotDescription[]> {
    return takeTurn(this.key, options, async () => this.#replacements.list(this.key, options));
  }

  async delete(snapshotId: string, options: CallOptions): Promise<void> {
    await takeTurn(this.key, options, async () => this.#replacements.delete(snapshotId, { of: this.key, ...options }));
  }

  async setPin(snapshotId: string, isPinned: boolean, options: CallOptions): Promise<void> {
    await takeTurn(this.key, options, async () =>
      this.#replacements.pin(snapshotId, isPinned, { of: this.key, ...options }),
    );
  }

  async retire(options: CallOptions): Promise<readonly string[]> {
    return takeTurn(this.key, options, async () => this.#replacements.retire(this.key, options));
  }

  async rollback(snapshotId: string, options: RollbackOptions): Promise<RollbackResult> {
    return takeTurn(this.key, options, async () => this.#replacements.rollback(snapshotId, this.key, options));
  }
}
