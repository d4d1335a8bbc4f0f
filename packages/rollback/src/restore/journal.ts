import { coreErrorCodes, type FileService, HOLDS_DIRECTORY, hasCode } from '@paracle/core';
import { z } from 'zod';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';
import type { RollbackScope } from './rollback-options.js';

/** A rollback that is under way, or was cut short. */
export interface JournaledRollback extends RollbackScope {
  readonly snapshotId: string;
  /** Whether the state before is to be saved first. */
  readonly isBackedUp: boolean;
  /** That state, once it is saved, after those of attempts that were cut short. Nothing is changed before it is here. */
  readonly safetySnapshotIds: readonly string[];
}

/** What it is called among the sandbox's holds. */
export const JOURNAL_NAME = 'rollback.json';

const PATH = `${HOLDS_DIRECTORY}/${JOURNAL_NAME}`;
/** Twice what the options of a rollback can hold, and a thousand attempts. */
const MAX_BYTES = 16 * 1024 * 1024;

const schema: z.ZodType<JournaledRollback> = z.strictObject({
  snapshotId: z.string(),
  isBackedUp: z.boolean(),
  safetySnapshotIds: z.array(z.string()),
  only: z.array(z.string()).optional(),
  root: z.string(),
});

/**
 * Where a sandbox's store says which rollback is under way. It is there before anything is done and until all is verified,
 * and keeps the sandbox from being swept meanwhile.
 */
export class Journal {
  readonly #files: FileService;

  constructor(files: FileService) {
    this.#files = files;
  }

  /** @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_DAMAGED` where it can't be read */
  async read(): Promise<JournaledRollback | undefined> {
    try {
      return schema.parse(JSON.parse((await this.#files.read(PATH, MAX_BYTES)).toString()));
    } catch (cause) {
      if (hasCode(cause, coreErrorCodes.fileOperation) && cause.details['errno'] === 'ENOENT') return undefined;
      if (!(cause instanceof SyntaxError || cause instanceof z.ZodError)) throw cause;
      throw new RollbackError(
        rollbackErrorCodes.snapshotDamaged,
        'A rollback was cut short, and its journal is damaged: nobody knows what it was to do',
        { suggestion: 'Roll back to a snapshot: that replaces the journal.', cause },
      );
    }
  }

  /** The same, but nothing where it can't be read. */
  async readIfIntact(): Promise<JournaledRollback | undefined> {
    return this.read().catch((error: unknown) => {
      if (!hasCode(error, rollbackErrorCodes.snapshotDamaged)) throw error;
      return undefined;
    });
  }

  async write(rollback: JournaledRollback): Promise<void> {
    await this.#files.write(PATH, Buffer.from(JSON.stringify(rollback)), { mode: 0o600 });
  }

  async remove(): Promise<void> {
    await this.#files.remove(PATH);
  }
}

/** What a rollback that is under way or was cut short needs. */
export function neededBy(rollback: JournaledRollback | undefined): readonly string[] {
  return rollback === undefined ? [] : [rollback.snapshotId, ...rollback.safetySnapshotIds];
}
