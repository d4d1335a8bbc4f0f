import { FileService, isWithin } from '@paracle/core';
import type { SnapshotContext } from './container-snapshots.js';
import { RollbackIncompleteError } from './errors/rollback-errors.js';
import { applyPlan, type TellStep } from './restore/apply-plan.js';
import { Journal, type JournaledRollback, neededBy } from './restore/journal.js';
import { planChecked } from './restore/plan-checked.js';
import { type RollbackPlan, summarize } from './restore/plan-rollback.js';
import { PristineFiles } from './restore/pristine-files.js';
import { type ResolvedRollbackOptions, type RollbackResult, toFilter } from './restore/rollback-options.js';
import { findDifferences } from './restore/verify-rollback.js';
import { findSurplus } from './snapshot/find-surplus.js';
import { display } from './snapshot/manifest.js';
import type { StoredDescription } from './snapshot/snapshot-description.js';
import { lookAt, type TakenSnapshot, takeSnapshot } from './snapshot/take-snapshot.js';
import type { Target } from './use-sandbox.js';

/** Grace of executions that a rollback ends: their changes are undone in any case. */
const KILL_GRACE_MS = 0;

/** For one small file, after a failure. */
const CLEANUP_MS = 10_000;

/** The snapshots of one sandbox, and the way back to them. Its programs stand still meanwhile: the caller sees to it. */
export class SandboxSnapshots {
  readonly journal: Journal;
  readonly #target: Target;
  readonly #context: SnapshotContext;

  constructor(target: Target, context: SnapshotContext) {
    this.#target = target;
    this.#context = context;
    this.journal = new Journal(target.files);
  }

  async take(kind: StoredDescription['kind']): Promise<TakenSnapshot> {
    const { containerId, store } = this.#target;
    const { config, logger } = this.#context;
    const taken = await takeSnapshot({ ...this.#target, kind, config }).catch(async (error: unknown) => {
      // What was saved already; if it can't be removed now, the next snapshot that is deleted takes it along.
      await store.collect().catch(() => undefined);
      throw error;
    });
    const { id, pathCount, addedBytes } = taken.description;
    logger.info({ containerId, snapshotId: id, pathCount, addedBytes }, 'snapshot taken');
    return taken;
  }

  /** Deletes what the policy no longer keeps, never what is named or needed by a rollback. */
  async retire(...inUse: readonly string[]): Promise<readonly string[]> {
    const { store } = this.#target;
    const [all, journaled] = await Promise.all([store.list(), this.journal.readIfIntact()]);
    const kept = new Set([...inUse, ...neededBy(journaled)]);
    const surplus = findSurplus(all, this.#context.config.policy);
    const retired = surplus.filter((id) => !kept.has(id) && !this.#context.isHeld(id));
    await store.delete(retired);
    return retired;
  }

  /** What a rollback would do. */
  async preview(snapshotId: string, { scope }: Pick<ResolvedRollbackOptions, 'scope'>): Promise<RollbackResult> {
    const { plan } = await this.#plan({ snapshotId, ...scope });
    const { containerId } = this.#target;
    return { snapshotId, containerId, isDryRun: true, ...summarize(plan) };
  }

  /** Puts back without a journal and a safety snapshot: for what has nothing to lose. */
  async become(snapshotId: string): Promise<void> {
    await this.#endPrograms();
    const { plan } = await this.#plan({ snapshotId, root: '/' });
    await this.#carryOut(plan, { snapshotId, safetySnapshotId: undefined, tell: () => undefined });
  }

  /**
   * Carries out a rollback that is new, or was cut short. From the first step on it is journaled, unless it turns out to be
   * impossible before anything was changed. What was cut short before it and is not covered by it stays to be finished.
   */
  async rollBack(
    order: Omit<JournaledRollback, 'safetySnapshotIds'>,
    onProgress: ResolvedRollbackOptions['onProgress'] = () => undefined,
  ): Promise<RollbackResult> {
    const tell: TellStep = (step, paths = []) => onProgress({ step, pathCount: paths.length });
    const interrupted = await this.journal.readIfIntact();
    const rollback = { ...order, safetySnapshotIds: interrupted?.safetySnapshotIds ?? [] };
    await this.journal.write(rollback);
    const prepared = await this.#prepare(rollback, tell).catch(async (error: unknown) => {
      await this.#restoreJournal(interrupted).catch(() => undefined);
      throw error;
    });
    const { plan, safetySnapshotId } = prepared;
    const { snapshotId } = rollback;
    await this.#carryOut(plan, { snapshotId, safetySnapshotId, tell });
    tell('finish');
    await this.retire();
    await (covers(rollback, interrupted) ? this.journal.remove() : this.#restoreJournal(interrupted));
    const { containerId } = this.#target;
    this.#context.logger.info({ containerId, snapshotId }, 'rolled back');
    const known = {
      snapshotId,
      containerId,
      isDryRun: false,
      ...(safetySnapshotId !== undefined && { safetySnapshotId }),
    };
    return { ...known, ...summarize(plan) };
  }

  async #prepare(
    rollback: JournaledRollback,
    tell: TellStep,
  ): Promise<{ readonly plan: RollbackPlan; readonly safetySnapshotId: string | undefined }> {
    tell('end_programs');
    await this.#endPrograms();
    tell('save_state');
    const saved = rollback.isBackedUp ? await this.take('safety') : undefined;
    tell('compare');
    const { plan } = await this.#plan(rollback, saved);
    const safetySnapshotId = saved?.description.id;
    if (safetySnapshotId === undefined) return { plan, safetySnapshotId };
    const safetySnapshotIds = [...rollback.safetySnapshotIds, safetySnapshotId];
    await this.journal.write({ ...rollback, safetySnapshotIds });
    return { plan, safetySnapshotId };
  }

  async #endPrograms(): Promise<void> {
    await this.#target.connection.cancelAll('rolled_back', KILL_GRACE_MS);
  }

  async #plan(
    { snapshotId, ...scope }: Pick<JournaledRollback, 'snapshotId' | 'only' | 'root'>,
    seen?: Pick<TakenSnapshot, 'manifest' | 'mounts'>,
  ): Promise<{ readonly plan: RollbackPlan }> {
    const { store, roots, isRootReadOnly } = this.#target;
    const snapshot = await store.readManifest(snapshotId);
    const now = seen ?? (await lookAt(snapshot, this.#target));
    const isAsked = toFilter(scope);
    const isWritable = (path: string): boolean =>
      !isRootReadOnly || roots.some((root) => root !== '/' && isWithin(display(path), root));
    const includes = (path: string): boolean => isAsked(path) && isWritable(path);
    return { plan: await planChecked(snapshot, now, { ...this.#target, includes }) };
  }

  async #carryOut(
    plan: RollbackPlan,
    {
      snapshotId,
      safetySnapshotId,
      tell,
    }: { readonly snapshotId: string; readonly safetySnapshotId: string | undefined; readonly tell: TellStep },
  ): Promise<void> {
    const { files, imageId } = this.#target;
    await using pristine = new PristineFiles(this.#context.engine, imageId);
    await applyPlan(plan, { files, pristine }, tell);
    tell('verify');
    const differences = await findDifferences(plan, files);
    if (differences.length > 0) throw new RollbackIncompleteError(snapshotId, differences, safetySnapshotId);
  }

  /** By a file service of its own: the other one may be what was given up. */
  async #restoreJournal(interrupted: JournaledRollback | undefined): Promise<void> {
    await using files = FileService.open(this.#target.connection, 'root', { timeoutMs: CLEANUP_MS });
    const journal = new Journal(files);
    await (interrupted === undefined ? journal.remove() : journal.write(interrupted));
  }
}

/** Whether nothing is left to be done of a rollback that was cut short once another was carried out. */
function covers({ only, root, snapshotId }: JournaledRollback, interrupted: JournaledRollback | undefined): boolean {
  if (interrupted === undefined || (only === undefined && root === '/')) return true;
  const scopeOf = (rollback: Omit<JournaledRollback, 'safetySnapshotIds' | 'isBackedUp'>): string =>
    JSON.stringify([rollback.snapshotId, rollback.only, rollback.root]);
  return scopeOf({ only, root, snapshotId }) === scopeOf(interrupted);
}
