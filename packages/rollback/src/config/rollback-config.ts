import { z } from 'zod';

const TRIGGERS = ['on_error', 'on_timeout', 'on_limit', 'on_nonzero_exit', 'manual'] as const;

/**
 * What makes `protect` and `autoRollbackOnError` roll back.
 *
 * - `on_timeout`, `on_limit`: an execution rejected because of its time-out or a limit.
 * - `on_nonzero_exit`: a command ended with another exit code than 0 or by a signal, whether `check` made that an error
 *   or the work returned the result, alone or within arrays and plain objects.
 * - `on_error`: anything was thrown but an execution's time-out or limit. An error that has one of these as its `cause`,
 *   or as the cause of that, counts as both.
 * - `manual`: nothing by itself; `rollback` works always.
 */
export type RollbackTrigger = (typeof TRIGGERS)[number];

/** When to roll back, and how long snapshots are kept. */
export interface RollbackPolicy {
  /** Whether `protect` and `autoRollbackOnError` roll back by themselves. @defaultValue true */
  readonly enabled?: boolean;
  /** See {@link RollbackTrigger}. @defaultValue ['on_error', 'on_timeout'] */
  readonly triggers?: readonly RollbackTrigger[];
  /** Snapshots kept per sandbox; a new one retires the oldest. Those of `protect` don't count. @defaultValue 3 */
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
  triggers: z.array(z.enum(TRIGGERS)).default(['on_error', 'on_timeout']),
  maxSnapshots: z.int().min(1).max(10_000).default(3),
  maxAgeHours: z.number().positive().default(24),
  backupBeforeRollback: z.boolean().default(true),
});

/** Checks a {@link RollbackConfig} and fills in the defaults. */
export const rollbackConfigSchema: z.ZodType<ResolvedRollbackConfig> = z.strictObject({
  policy: policySchema.prefault({}),
  maxSnapshotMb: z.int().min(1).default(4096),
});
