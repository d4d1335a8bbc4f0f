import type { ContainerSummary } from '../engine/api/container-summary.js';
import type { CallOptions } from '../engine/connection/call-options.js';
import type { Engine } from '../engine/engine.js';
import { PruneIncompleteError } from '../errors/prune-incomplete-error.js';
import { isProvablyDead, parseController } from '../identity/controller.js';
import { readHostView } from '../identity/host-view.js';
import { labelKeys } from '../identity/labels.js';
import type { Logger } from '../logging/logger.js';
import { silentLogger } from '../logging/silent-logger.js';
import { leaveNetworks } from '../supervisor/start-again.js';
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
  const { orphans, unseen } = await listOrphans(engine, { signal });
  const removals = toRemovals(engine, orphans, { signal });
  const failed: Removal[] = [];
  const failures: unknown[] = [];
  for (const removal of [...unseen, ...removals]) {
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

interface Orphans {
  readonly orphans: ManagedObjects;
  /** Sandboxes of which nobody can tell whether they are held: they stay, and it is told why. */
  readonly unseen: readonly Removal[];
}

async function listOrphans(engine: Engine, options: CallOptions): Promise<Orphans> {
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
  const found = { containers, networks, volumes };
  const candidates = findOrphans(found, allContainers, { isOwnerDead, isHeld: () => false });
  const { held, unseen } = await findHeld(engine, candidates, options);
  const isSpared = (id: string): boolean => held.has(id);
  const orphans = findOrphans(found, allContainers, { isOwnerDead, isHeld: isSpared });
  return { orphans, unseen };
}

/** What is held leaves the networks, which go: else it could never be started again. */
async function findHeld(
  engine: Engine,
  { containers }: ManagedObjects,
  options: CallOptions,
): Promise<{ readonly held: ReadonlySet<string>; readonly unseen: readonly Removal[] }> {
  const held = new Set<string>();
  const unseen: Removal[] = [];
  for (const container of containers) {
    const { id } = container;
    try {
      if (!(await isHeld(engine, container, options))) continue;
      held.add(id);
      await leaveNetworks(engine, id, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      held.add(id);
      const fail = async (): Promise<void> => {
        throw error;
      };
      unseen.push({ kind: 'containers', id, remove: fail });
    }
  }
  return { held, unseen };
}

/** Only a sandbox can be, and none whose removal has begun. */
async function isHeld(engine: Engine, { id, labels, state }: ContainerSummary, options: CallOptions): Promise<boolean> {
  if (labels[labelKeys.purpose] !== 'sandbox' || state === 'dead' || state === 'removing') return false;
  return (await listHolds(engine, id, options)).length > 0;
}

function toRemovals(engine: Engine, orphans: ManagedObjects, options: CallOptions): readonly Removal[] {
  const containers = orphans.containers.map((container): Removal => {
    const { id } = container;
    const remove = async (): Promise<void> => {
      // Somebody may have pinned a snapshot meanwhile.
      if (await isHeld(engine, container, options)) throw new Error(`Container ${id} is held by now`);
      await engine.containers.remove(id, { ...options, force: true, volumes: true });
    };
    return { kind: 'containers', id, remove };
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
