export { type ApplyOptions, type ApplyResult, applyChanges } from './apply/apply-changes.js';
export {
  ApplyBodyError,
  ApplyBusyError,
  ApplyConflictError,
  ApplyFailedError,
  ApplyRefusedError,
  type PathIssue,
  WorkspaceInvalidError,
} from './apply/apply-errors.js';
export { recoverApply } from './apply/recover-apply.js';
export { ApplyJournalInvalidError, ApplyUndoIncompleteError, RecoverFailedError } from './apply/recover-errors.js';
export { type StackErrorCode, stackErrorCodes } from './stack-error-codes.js';
export { StackError, TransactionFailedError } from './stack-errors.js';
export {
  type ApplyChangeSetOptions,
  ChangeSet,
  type ChangeSetOutcome,
  type ReviewedChange,
} from './transaction/change-set.js';
export { toArtifact } from './transaction/to-artifact.js';
export { type TransactionResult, transaction } from './transaction/transaction.js';
export type { TransactionSpec, TransactionStep } from './transaction/transaction-spec.js';
