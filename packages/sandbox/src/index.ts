export type {
  RequiredGuarantee,
  ResolvedSandboxConfig,
  SandboxConfig,
  SandboxMount,
  SandboxUlimits,
} from './config/sandbox-config.js';
export {
  ExecutionAbortedError,
  ExecutionError,
  ExecutionLostError,
  ExecutionRolledBackError,
  ExecutionTimeoutError,
  NonZeroExitError,
  ResourceLimitExceededError,
} from './errors/execution-errors.js';
export { type SandboxErrorCode, sandboxErrorCodes } from './errors/sandbox-error-codes.js';
export { LimitUnenforcedError, SandboxError } from './errors/sandbox-errors.js';
export { CommandNotFoundError, CommandStartError } from './errors/start-errors.js';
export type { ExecuteOptions } from './execution/execute-options.js';
export type { Execution } from './execution/execution.js';
export type {
  CapturedOutput,
  ExecutionCause,
  ExecutionResult,
  ExecutionUsage,
  LimitHit,
} from './execution/execution-result.js';
export type { OutputPiece } from './execution/output-queue.js';
export type { CopyInOptions, CopyInResult } from './files/copy-in.js';
export type { SandboxFiles } from './files/sandbox-files.js';
export type { Enforcement, SandboxGuarantees } from './guarantees/guarantees.js';
export type { Sandbox } from './lifecycle/sandbox.js';
export { SandboxManager, type SandboxManagerOptions, type SandboxManagerStats } from './lifecycle/sandbox-manager.js';
export type { SampleMetric, SandboxSample } from './monitor/sample.js';
export type { SampleSummary } from './monitor/sample-statistics.js';
export {
  SandboxMonitor,
  type SandboxMonitorEvents,
  type SandboxMonitorOptions,
  type ThresholdEvent,
} from './monitor/sandbox-monitor.js';
