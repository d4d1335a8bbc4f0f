import type { CallOptions } from '../engine/connection/call-options.js';
import type { Engine } from '../engine/engine.js';
import { PruneIncompleteError } from '../errors/prune-incomplete-error.js';
import { isProvablyDead, parseController } from '../identity/controller.js';
import { readHostView } from '../identity/host-view.js';
import { labelKeys } from '../identity/labels.js';
import type { Logger } from '../logging/logger.js';
import { silentLogger } from '../logging/silent-logger.js';
import { findOrphans, type ManagedObjects } from './find-orphans.js';
import { listHolds } from './list-holds.js';

/** What {@link prune} takes. */
export interface PruneOptions {
  /** Stops between two removals. */
  readonly signal?: AbortSignal | undefined;
  readonly logger?: Logger | undefined;
}

/** What {@link prune} removed. */
export interface PruneResult {
  /** Ids. */
  readonly containers: readonly string[];
  /** Ids. */
  readonly networks: readonly string[];
  /** Names. */
  readonly volumes: readonly string[];
}

/**
 * Removes what dead controllers left on an engine: containers, then networks, then volumes.
 * Touches only what carries our label, whose owner is dead for certain, and which is not retained nor a sandbox with a hold
 * (a pinned snapshot, a rollback that was cut short). Containers that are on a network of such an owner lose it.
 * @throws PruneIncompleteError `PARACLE_CORE_PRUNE_INCOMPLETE` if something could not be removed; all was tried.
 */
export async function prune(engine: Engine, options: PruneOptions = {}): Promise<PruneResult> {
  const { signal, logger = silentLogger } = options;
  const orphans = await listOrphans(engine, { signal });
  const removals = toRemovals(engine, orphans, { signal });
  const failed: Removal[] = [];
  const failures: unknown[] = [];
  for (const removal of removals) {
    signal?.throwIfAborted();
    try {
      await removal.remove();
      logger.info({ kind: removal.kind, id: removal.id }, 'orphan removed');
    } catch (error) {
      signal?.throwIfAborted();
      failed.push(removal);
      failures.push(error);
    }
  }
  if (failed.length === 0) return toResult(removals);
  const removed = removals.filter((removal) => !failed.includes(removal));
  throw new PruneIncompleteError(failed.map(toName), removed.map(toName), failures);
}

interface Removal {
  readonly kind: keyof PruneResult;
  readonly id: string;
  readonly remove: () => Promise<void>;
}

async function listOrphans(engine: Engine, options: CallOptions): Promise<ManagedObjects> {
  const labels = { [labelKeys.managed]: 'true' };
  const [allContainers, networks, volumes] = await Promise.all([
    engine.containers.list({ ...options, all: true }),
    engine.networks.list({ ...options, labels }),
    engine.volumes.list({ ...options, labels }),
  ]);
  const containers = allContainers.filter((container) => container.labels[labelKeys.managed] === 'true');
  const host = readHostView();
  const isOwnerDead = (label: string): boolean => {
    const controller = parseController(label);
    return controller !== undefined && isProvablyDead(controller, host);
  };
  const orphans = findOrphans({ containers, networks, volumes }, allContainers, { isOwnerDead, isHeld: () => false });
  const held = await findHeld(engine, orphans, options);
  if (held.size === 0) return orphans;
  return findOrphans({ containers, networks, volumes }, allContainers, { isOwnerDead, isHeld: (id) => held.has(id) });
}

/** A sandbox that can't be looked into stays. */
async function findHeld(
  engine: Engine,
  { containers }: ManagedObjects,
  { signal }: CallOptions,
): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  const look = async (id: string): Promise<void> => {
    const holds = await listHolds(engine, id, { signal }).catch(() => undefined);
    signal?.throwIfAborted();
    if (holds?.length !== 0) held.add(id);
  };
  const sandboxes = containers.filter(({ labels }) => labels[labelKeys.purpose] === 'sandbox');
  await Promise.all(sandboxes.map(async ({ id }) => look(id)));
  return held;
}

function toRemovals(engine: Engine, orphans: ManagedObjects, options: CallOptions): readonly Removal[] {
  const containers = orphans.containers.map(({ id }): Removal => {
    return {
      kind: 'containers',
      id,
      remove: () => engine.containers.remove(id, { ...options, force: true, volumes: true }),
    };
  });
  const networks = orphans.networks.map(({ id }): Removal => {
    return { kind: 'networks', id, remove: () => engine.networks.remove(id, { ...options, force: true }) };
  });
  const volumes = orphans.volumes.map(({ name }): Removal => {
    return { kind: 'volumes', id: name, remove: () => engine.volumes.remove(name, options) };
  });
  return [...containers, ...networks, ...volumes];
}

function toResult(removals: readonly Removal[]): PruneResult {
  const pick = (kind: keyof PruneResult): readonly string[] =>
    removals.filter((removal) => removal.kind === kind).map(({ id }) => id);
  return { containers: pick('containers'), networks: pick('networks'), volumes: pick('volumes') };
}

function toName({ kind, id }: Removal): string {
  return `${kind.slice(0, -1)} ${id}`;
}
