import { coreErrorCodes, type FileService, HOLDS_DIRECTORY, hasCode } from '@paracle/core';
import { z } from 'zod';
import type { RollbackScope } from './rollback-options.js';

/** A rollback that is under way, or was cut short. */
export interface JournaledRollback extends RollbackScope {
  readonly snapshotId: string;
  /** Whether the state before is to be saved first. */
  readonly isBackedUp: boolean;
  /** That state, once it is saved. Nothing has been changed before that. */
  readonly safetySnapshotId?: string | undefined;
}

/** What it is called among the sandbox's holds. */
export const JOURNAL_NAME = 'rollback.json';

const PATH = `${HOLDS_DIRECTORY}/${JOURNAL_NAME}`;
const MAX_BYTES = 1024 * 1024;

const schema: z.ZodType<JournaledRollback> = z.strictObject({
  snapshotId: z.string(),
  isBackedUp: z.boolean(),
  safetySnapshotId: z.string().optional(),
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

  /** Nothing where it is damaged: it is replaced in one step, so that no crash makes it so. */
  async read(): Promise<JournaledRollback | undefined> {
    try {
      return schema.parse(JSON.parse((await this.#files.read(PATH, MAX_BYTES)).toString()));
    } catch (error) {
      const isMissing = hasCode(error, coreErrorCodes.fileOperation) && error.details['errno'] === 'ENOENT';
      if (isMissing || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
      throw error;
    }
  }

  async write(rollback: JournaledRollback): Promise<void> {
    await this.#files.write(PATH, Buffer.from(JSON.stringify(rollback)), { mode: 0o600 });
  }

  async remove(): Promise<void> {
    await this.#files.remove(PATH);
  }
}
