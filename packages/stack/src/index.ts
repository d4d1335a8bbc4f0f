export { applyChanges, type ApplyOptions, type ApplyResult } from './apply/apply-changes.js';
export {
  WorkspaceInvalidError,
  ApplyRefusedError,
  ApplyConflictError,
  ApplyBusyError,
  ApplyBodyError,
  ApplyFailedError,
  type PathIssue,
} from './apply/apply-errors.js';
export { ApplyJournalInvalidError, ApplyUndoIncompleteError, RecoverFailedError } from './apply/recover-errors.js';
export { recoverApply } from './apply/recover-apply.js';
export { stackErrorCodes, type StackErrorCode } from './stack-error-codes.js';
export { StackError, TransactionFailedError } from './stack-errors.js';
export {
  ChangeSet,
  type ApplyChangeSetOptions,
  type ChangeSetOutcome,
  type ReviewedChange,
} from './transaction/change-set.js';
export { toArtifact } from './transaction/to-artifact.js';
export { transaction, type TransactionResult } from './transaction/transaction.js';
export type { TransactionSpec, TransactionStep } from './transaction/transaction-spec.js';
