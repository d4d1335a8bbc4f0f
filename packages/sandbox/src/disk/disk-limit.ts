import type { ExitReport } from '@paracle/core';
import type { LimitHit } from '../execution/execution-result.js';

/** Tells whether an execution reached the limit on disk space. */
export interface DiskLimit {
  /** An execution starts. What is returned must be called once it has ended, with no report where it never ran. */
  observe(): (report: ExitReport | undefined) => Promise<LimitHit | undefined>;
  /** Somebody else than a command writes, until the returned function is called: what that takes is not laid to any. */
  beginWrite(): () => void;
}
