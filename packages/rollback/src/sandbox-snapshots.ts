import type { SnapshotContext } from './container-snapshots.js';
import { RollbackIncompleteError } from './errors/rollback-errors.js';
import { applyPlan, type TellStep } from './restore/apply-plan.js';
import { Journal, type JournaledRollback } from './restore/journal.js';
import { planChecked } from './restore/plan-checked.js';
import { type RollbackPlan, summarize } from './restore/plan-rollback.js';
import { PristineFiles } from './restore/pristine-files.js';
import { type ResolvedRollbackOptions, type RollbackResult, toFilter } from './restore/rollback-options.js';
import { findDifferences } from './restore/verify-rollback.js';
import { findSurplus } from './snapshot/find-surplus.js';
import type { StoredDescription } from './snapshot/snapshot-description.js';
import { lookAt, type TakenSnapshot, takeSnapshot } from './snapshot/take-snapshot.js';
import type { Target } from './use-sandbox.js';

/** What is to be done, and what is planned for it. */
interface Prepared {
  readonly plan: RollbackPlan;
  readonly result: RollbackResult;
}

/** Grace of executions that a rollback ends: their changes are undone in any case. */
const KILL_GRACE_MS = 0;

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
    const [all, journaled] = await Promise.all([store.list(), this.journal.read()]);
    const kept = new Set([...inUse, journaled?.snapshotId, journaled?.safetySnapshotId]);
    const surplus = findSurplus(all, this.#context.config.policy);
    const retired = surplus.filter((id) => !kept.has(id) && !this.#context.isHeld(id));
    await store.delete(retired);
    return retired;
  }

  /** What a rollback would do. */
  async preview(snapshotId: string, { scope }: ResolvedRollbackOptions): Promise<RollbackResult> {
    const { result } = await this.#prepare({ snapshotId, isBackedUp: false, ...scope }, { isDryRun: true });
    return result;
  }

  /**
   * Carries out a rollback that is new, or was journaled and cut short. From the first step on it is journaled, unless it
   * turns out to be impossible before anything was changed.
   */
  async rollBack(
    rollback: JournaledRollback,
    { onProgress }: Pick<ResolvedRollbackOptions, 'onProgress'>,
  ): Promise<RollbackResult> {
    const tell: TellStep = (step, paths = []) => onProgress({ step, pathCount: paths.length });
    const interrupted = await this.journal.read();
    await this.journal.write(rollback);
    const prepared = await this.#begin(rollback, tell).catch(async (error: unknown) => {
      const restored = interrupted === undefined ? this.journal.remove() : this.journal.write(interrupted);
      await restored.catch(() => undefined);
      throw error;
    });
    await this.#finish(prepared, tell);
    await this.retire(...(interrupted?.safetySnapshotId === undefined ? [] : [interrupted.safetySnapshotId]));
    await this.journal.remove();
    const { snapshotId, containerId } = prepared.result;
    this.#context.logger.info({ containerId, snapshotId }, 'rolled back');
    return prepared.result;
  }

  async #begin(rollback: JournaledRollback, tell: TellStep): Promise<Prepared> {
    tell('end_programs');
    await this.#target.connection.cancelAll('rolled_back', KILL_GRACE_MS);
    return this.#prepare(rollback, { isDryRun: false, tell });
  }

  async #prepare(
    rollback: JournaledRollback,
    { isDryRun, tell = () => undefined }: { readonly isDryRun: boolean; readonly tell?: TellStep },
  ): Promise<Prepared> {
    const { store, containerId } = this.#target;
    const { snapshotId } = rollback;
    const snapshot = await store.readManifest(snapshotId);
    tell('save_state');
    const isToBeSaved = rollback.isBackedUp && rollback.safetySnapshotId === undefined;
    const saved = isToBeSaved ? await this.take('safety') : undefined;
    tell('compare');
    const now = saved ?? (await lookAt(snapshot, this.#target));
    const plan = await planChecked(snapshot, now, { ...this.#target, includes: toFilter(rollback) });
    const safetySnapshotId = saved?.description.id ?? rollback.safetySnapshotId;
    if (saved !== undefined) await this.journal.write({ ...rollback, safetySnapshotId });
    const known = { snapshotId, containerId, isDryRun, ...(safetySnapshotId !== undefined && { safetySnapshotId }) };
    return { plan, result: { ...known, ...summarize(plan) } };
  }

  async #finish({ plan, result }: Prepared, tell: TellStep): Promise<void> {
    const { files, imageId } = this.#target;
    await using pristine = new PristineFiles(this.#context.engine, imageId);
    await applyPlan(plan, { files, pristine }, tell);
    tell('verify');
    const differences = await findDifferences(plan, files);
    if (differences.length > 0)
      throw new RollbackIncompleteError(result.snapshotId, differences, result.safetySnapshotId);
    tell('finish');
  }
}
