import { z } from 'zod';

/** What makes `autoRollbackOnError` roll back. */
export type RollbackTrigger = 'on_error' | 'on_timeout' | 'on_limit';

/** When to roll back, and how long snapshots are kept. */
export interface RollbackPolicy {
  /** Whether `autoRollbackOnError` does anything. @defaultValue true */
  readonly enabled?: boolean;
  /**
   * `on_timeout`: an execution's time-out; `on_limit`: a limit; `on_error`: any other error.
   * @defaultValue ['on_error', 'on_timeout']
   */
  readonly triggers?: readonly RollbackTrigger[];
  /** Snapshots kept per sandbox; a new one retires the oldest. @defaultValue 3 */
  readonly maxSnapshots?: number;
  /** Older snapshots are retired when a new one is taken. @defaultValue 24 */
  readonly maxAgeHours?: number;
  /** Takes a snapshot of the present state before a rollback. @defaultValue true */
  readonly backupBeforeRollback?: boolean;
}

/** How a rollback manager works. */
export interface RollbackConfig {
  readonly policy?: RollbackPolicy;
  /** A snapshot whose new contents would take more is refused before it begins, in MiB. @defaultValue 4096 */
  readonly maxSnapshotMb?: number;
}

/** {@link RollbackConfig} after defaults. */
export interface ResolvedRollbackConfig {
  readonly policy: {
    readonly enabled: boolean;
    readonly triggers: readonly RollbackTrigger[];
    readonly maxSnapshots: number;
    readonly maxAgeHours: number;
    readonly backupBeforeRollback: boolean;
  };
  readonly maxSnapshotMb: number;
}

const policySchema: z.ZodType<ResolvedRollbackConfig['policy']> = z.strictObject({
  enabled: z.boolean().default(true),
  triggers: z.array(z.enum(['on_error', 'on_timeout', 'on_limit'])).default(['on_error', 'on_timeout']),
  maxSnapshots: z.int().min(1).max(10_000).default(3),
  maxAgeHours: z.number().positive().default(24),
  backupBeforeRollback: z.boolean().default(true),
});

/** Checks a {@link RollbackConfig} and fills in the defaults. */
export const rollbackConfigSchema: z.ZodType<ResolvedRollbackConfig> = z.strictObject({
  policy: policySchema.prefault({}),
  maxSnapshotMb: z.int().min(1).default(4096),
});
