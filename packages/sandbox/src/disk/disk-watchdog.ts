import { setTimeout as delay } from 'node:timers/promises';
import { type ExitReport, FileService, type SpaceUsage, type SupervisorConnection } from '@paracle/core';
import type { LimitHit } from '../execution/execution-result.js';
import type { DiskLimit } from './disk-limit.js';
import { BYTES_PER_INODE, type WatchdogPlan } from './plan-disk.js';

/** A walk over 10,000 files takes some 20 ms; at most one part in eleven of the time goes into looking. */
const INTERVAL_MS = 500;
const REST_PER_LOOK = 10;
/** PID 1, the watchdog's own process inside and that one's keeper. */
const OWN_PROCESSES = 3;

/**
 * Space that was taken since the baseline. What changed since is found by its time of change, which programs can't
 * set, and what grew by the sum, which no clock can falsify; a file counts for 8 KiB at least, as inodes run out too.
 */
export function spaceTaken(now: SpaceUsage, baseline: SpaceUsage): number {
  const bytes = Math.max(now.changedBytes, now.bytes - baseline.bytes);
  const entries = Math.max(now.changedEntries, now.entries - baseline.entries);
  return Math.max(0, bytes, entries * BYTES_PER_INODE);
}

async function measure(service: FileService, paths: readonly string[], sinceSeconds: number): Promise<SpaceUsage> {
  const usages = await Promise.all(paths.map(async (path) => service.space(path, sinceSeconds)));
  const sum = (name: keyof SpaceUsage): number => usages.reduce((total, usage) => total + usage[name], 0);
  return {
    bytes: sum('bytes'),
    entries: sum('entries'),
    changedBytes: sum('changedBytes'),
    changedEntries: sum('changedEntries'),
  };
}

/**
 * Where nothing in the kernel limits disk space: looks from time to time while commands run, and ends them all
 * once more than the limit is taken and it gets ever more. What is open and has no name is not seen.
 */
export class DiskWatchdog implements DiskLimit {
  readonly #connection: SupervisorConnection;
  readonly #plan: WatchdogPlan;
  readonly #sinceSeconds: number;
  readonly #baseline: SpaceUsage;
  #runningCount = 0;
  #hasBackground = false;
  #isWatching = false;
  #takenBytes = 0;
  #wasUnseen = false;
  #writerCount = 0;
  #hasForeignWrites = false;
  #evidence: LimitHit['evidence'] = {};

  private constructor(
    connection: SupervisorConnection,
    plan: WatchdogPlan,
    start: { readonly sinceSeconds: number; readonly baseline: SpaceUsage },
  ) {
    this.#connection = connection;
    this.#plan = plan;
    this.#sinceSeconds = start.sinceSeconds;
    this.#baseline = start.baseline;
  }

  /** Measures what the image takes; to be called before the first command runs. */
  static async begin(connection: SupervisorConnection, plan: WatchdogPlan): Promise<DiskWatchdog> {
    await using service = FileService.open(connection, 'root');
    /* istanbul ignore next -- it has been greeted, or there would be no sandbox */
    const sinceSeconds = Number((connection.welcome?.startedAtNs ?? 0n) / 1_000_000_000n);
    const baseline = await measure(service, plan.paths, sinceSeconds);
    return new DiskWatchdog(connection, plan, { sinceSeconds, baseline });
  }

  observe(): (report: ExitReport | undefined) => Promise<LimitHit | undefined> {
    this.#runningCount++;
    if (!this.#isWatching) void this.#watch();
    return async (report) => {
      this.#runningCount--;
      this.#hasBackground ||= report?.hasBackground === true;
      if (report?.endedBy !== 'disk') return undefined;
      const isOwn = !report.wasShared && !this.#wasUnseen;
      return { limit: 'disk', evidence: this.#evidence, scope: isOwn ? 'execution' : 'shared' };
    };
  }

  beginWrite(): () => void {
    this.#writerCount++;
    this.#hasForeignWrites = true;
    return () => {
      this.#writerCount--;
    };
  }

  get #hasCommands(): boolean {
    return (this.#runningCount > 0 || this.#hasBackground) && !this.#connection.isClosed;
  }

  async #watch(): Promise<void> {
    this.#isWatching = true;
    // An order that was not answered, as where the sandbox is paused, is given again.
    while (this.#hasCommands) await this.#lookUntilIdle().catch(() => undefined);
    this.#isWatching = false;
  }

  /** By one process from before the first command to after the last, so that no want of processes can blind it. */
  async #lookUntilIdle(): Promise<void> {
    await using service = FileService.open(this.#connection, 'root', { timeoutMs: Infinity });
    for (let takenBytes = 0; this.#hasCommands && takenBytes < Infinity; ) {
      const start = performance.now();
      takenBytes = await this.#look(service);
      const tookMs = performance.now() - start;
      await delay(Math.max(INTERVAL_MS, tookMs * REST_PER_LOOK), undefined, { ref: false });
      if (this.#runningCount === 0) await this.#lookForBackground();
    }
  }

  /** Whether more is left than the supervisor, this watchdog's process and its keeper. */
  async #lookForBackground(): Promise<void> {
    const { pids } = await this.#connection.counters();
    // Where the kernel doesn't tell (NaN), it looks on.
    this.#hasBackground &&= !(Number(pids) <= OWN_PROCESSES);
  }

  async #look(service: FileService): Promise<number> {
    const { limitBytes } = this.#plan;
    const takenBytes = await this.#measure(service);
    const isOver = takenBytes === Infinity || (takenBytes > limitBytes && takenBytes > this.#takenBytes);
    const isExcused = this.#hasForeignWrites && takenBytes < Infinity;
    this.#wasUnseen = this.#takenBytes === Infinity;
    this.#takenBytes = takenBytes;
    this.#hasForeignWrites = this.#writerCount > 0;
    if (!isOver || isExcused) return takenBytes;
    this.#evidence = takenBytes < Infinity ? { takenBytes, limit: limitBytes } : { unseenTrees: 1, limit: limitBytes };
    await this.#connection.cancelAll('disk', 0);
    this.#hasBackground = false;
    // What was written until the end is not laid to the commands that come after.
    this.#takenBytes = await this.#measure(service);
    return takenBytes;
  }

  /** Infinity where it can't be seen, for whatever reason, such as a tree that is too deep: it may hold anything. */
  async #measure(service: FileService): Promise<number> {
    return measure(service, this.#plan.paths, this.#sinceSeconds).then(
      (usage) => spaceTaken(usage, this.#baseline),
      () => Infinity,
    );
  }
}
