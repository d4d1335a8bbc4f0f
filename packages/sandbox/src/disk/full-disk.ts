import { coreErrorCodes, type ExitReport, FileService, hasCode, type SupervisorConnection } from '@paracle/core';
import type { LimitHit } from '../execution/execution-result.js';
import type { DiskLimit } from './disk-limit.js';

/** A directory with the space that is its own. */
export interface LimitedDirectory {
  readonly path: string;
  readonly limitBytes: number;
}

/** What a write gets where there is no space left. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
/** A sandbox that is starved of CPU time is not waited for: not known is not full. */
const ANSWER_MS = 5000;

/**
 * Where the kernel limits disk space it counts no refusals, so each execution is followed by an attempt to
 * write: what is full then, and was not after the execution before, this one has filled.
 */
export class FullDisk implements DiskLimit {
  readonly #connection: SupervisorConnection;
  readonly #user: { readonly uid: number; readonly gid: number };
  readonly #directories: readonly LimitedDirectory[];
  #full: ReadonlySet<LimitedDirectory> = new Set();
  #writeCount = 0;
  #countWhenFound = 0;

  constructor(
    connection: SupervisorConnection,
    user: { readonly uid: number; readonly gid: number },
    directories: readonly LimitedDirectory[],
  ) {
    this.#connection = connection;
    this.#user = user;
    this.#directories = directories;
  }

  observe(): (report: ExitReport | undefined) => Promise<LimitHit | undefined> {
    const countBefore = this.#writeCount;
    // Asked before the command starts where somebody else has written since.
    const fullBefore = this.#countWhenFound === countBefore ? Promise.resolve(this.#full) : this.#refresh();
    return async (report) => {
      if (report === undefined) return undefined;
      const before = await fullBefore;
      const full = await this.#refresh();
      const [first] = full;
      const filled = [...full].find((directory) => !before.has(directory)) ?? first;
      if (filled === undefined) return undefined;
      const isOwn = !report.wasShared && countBefore === this.#writeCount && !before.has(filled);
      return {
        limit: 'disk',
        evidence: { limit: filled.limitBytes },
        path: filled.path,
        scope: isOwn ? 'execution' : 'shared',
      };
    };
  }

  beginWrite(): () => void {
    this.#writeCount++;
    return () => this.#writeCount++;
  }

  async #refresh(): Promise<ReadonlySet<LimitedDirectory>> {
    this.#countWhenFound = this.#writeCount;
    this.#full = await this.#find();
    return this.#full;
  }

  async #find(): Promise<ReadonlySet<LimitedDirectory>> {
    await using service = FileService.open(this.#connection, this.#user, { timeoutMs: ANSWER_MS });
    const full = new Set<LimitedDirectory>();
    const attempts = this.#directories.map(async (directory) => {
      await service.requireRoom(directory.path).catch((error: unknown) => {
        if (hasCode(error, coreErrorCodes.fileOperation) && FULL.has(String(error.details['errno'])))
          full.add(directory);
      });
    });
    await Promise.all(attempts);
    return full;
  }
}
