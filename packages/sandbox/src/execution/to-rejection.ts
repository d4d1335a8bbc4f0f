import {
  ExecutionAbortedError,
  type ExecutionError,
  ExecutionLostError,
  ExecutionRolledBackError,
  ExecutionTimeoutError,
  ResourceLimitExceededError,
} from '../errors/execution-errors.js';
import type { ExecutionResult } from './execution-result.js';

/** The error that an ended execution rejects with; undefined where its end is data. */
export function toRejection(
  result: ExecutionResult,
  context: { readonly timeoutMs: number; readonly abortReason: unknown; readonly origin: unknown },
): ExecutionError | undefined {
  switch (result.cause) {
    case 'timeout':
      return new ExecutionTimeoutError(result, context.timeoutMs);
    case 'aborted':
      return new ExecutionAbortedError(result, context.abortReason);
    case 'lost':
      return new ExecutionLostError(result, context.origin);
    case 'rolled_back':
      return new ExecutionRolledBackError(result);
    case 'oom':
    case 'output':
    case 'disk':
      return new ResourceLimitExceededError(result);
    case 'signalled':
    case 'exited': {
      // A limit explains a failure only where it was this execution's own.
      const isOwn = result.limitsHit.some(({ scope }) => scope === 'execution');
      return isOwn && result.exitCode !== 0 ? new ResourceLimitExceededError(result) : undefined;
    }
  }
}
