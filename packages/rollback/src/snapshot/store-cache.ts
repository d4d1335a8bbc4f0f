import type { SupervisorConnection } from '@paracle/core';
import type { Digest } from '../diff/file-change.js';
import type { Manifest } from './manifest.js';
import type { StoredDescription } from './snapshot-description.js';

/** A whole manifest, which others are written as the difference to. */
export interface Base {
  readonly digest: Digest;
  readonly manifest: Manifest;
  readonly sizeBytes: number;
}

/** Enough for the snapshot before, the one that is gone back to, and the safety snapshot. */
const MANIFEST_COUNT = 3;

/** What this process knows of a store already: a snapshot never changes, it is only deleted. */
export class StoreCache {
  base: Base | undefined;
  readonly #descriptions = new Map<string, StoredDescription>();
  readonly #needed = new Map<string, readonly string[]>();
  readonly #manifests = new Map<string, Manifest>();

  static of(connection: SupervisorConnection): StoreCache {
    const cache = caches.get(connection) ?? new StoreCache();
    caches.set(connection, cache);
    return cache;
  }

  describe(id: string): StoredDescription | undefined {
    return this.#descriptions.get(id);
  }

  addDescription(id: string, description: StoredDescription): void {
    this.#descriptions.set(id, description);
  }

  /** Paths in the store that a snapshot needs. */
  needs(id: string): readonly string[] | undefined {
    return this.#needed.get(id);
  }

  manifest(id: string): Manifest | undefined {
    return this.#manifests.get(id);
  }

  addManifest(id: string, manifest: Manifest, needed: readonly string[]): void {
    this.#needed.set(id, needed);
    this.#manifests.set(id, manifest);
    const [oldest] = this.#manifests.keys();
    if (this.#manifests.size > MANIFEST_COUNT && oldest !== undefined) this.#manifests.delete(oldest);
  }

  clear(): void {
    this.base = undefined;
    this.keep(new Set());
  }

  /** Forgets what is not there any more. */
  keep(ids: ReadonlySet<string>): void {
    for (const map of [this.#descriptions, this.#needed, this.#manifests]) {
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
    }
  }
}

const caches = new WeakMap<SupervisorConnection, StoreCache>();
