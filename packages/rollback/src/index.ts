export type {
  ResolvedRollbackConfig,
  RollbackConfig,
  RollbackPolicy,
  RollbackTrigger,
} from './config/rollback-config.js';
export type { DiffOptions } from './diff/diff-snapshot.js';
export type { Digest, FileChange, FileState } from './diff/file-change.js';
export { formatPatch } from './diff/format-patch.js';
export { type RollbackErrorCode, rollbackErrorCodes } from './errors/rollback-error-codes.js';
export { RollbackError, RollbackIncompleteError, SnapshotNotFoundError } from './errors/rollback-errors.js';
export { RollbackFailedError } from './errors/rollback-failed-error.js';
export type { ForkedSandbox, ForkOptions } from './fork/fork-options.js';
export type { ProtectOptions } from './protect/protect-options.js';
export { rollbackOf } from './protect/rollback-of.js';
export type { ProtectContext, ProtectResult } from './protect/run-protected.js';
export { type ReplacementStep, replacementSteps } from './replacement/replacement-steps.js';
export type { RecoveredRollback } from './restore/find-interrupted.js';
export {
  type RollbackOptions,
  type RollbackProgress,
  type RollbackResult,
  type RollbackStep,
  rollbackSteps,
} from './restore/rollback-options.js';
export { RollbackManager, type RollbackManagerOptions } from './rollback-manager.js';
export type { SnapshotDiskUsage, SnapshotShare } from './snapshot/disk-usage.js';
export type { SnapshotDescription, StoredDescription } from './snapshot/snapshot-description.js';
