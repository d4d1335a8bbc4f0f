import type { ReviewManager } from '@paracle/review';
import type { RollbackManager } from '@paracle/rollback';
import type { Sandbox, SandboxConfig, SandboxManager } from '@paracle/sandbox';

/** A step of a transaction that has begun. */
export type TransactionStep = 'sandbox' | 'copy-in' | 'snapshot' | 'run' | 'diff' | 'review' | 'rollback';

/** What a transaction is made of. */
export interface TransactionSpec {
  /** Directory of this machine; it is read, and changed only by `changeSet.apply()`. */
  readonly workspace: string;
  readonly sandboxes: SandboxManager;
  readonly reviews: ReviewManager;
  /** @defaultValue one with the defaults, on the sandboxes' engine */
  readonly rollback?: RollbackManager;
  /** How the sandbox is made; it is destroyed at the end. @defaultValue the defaults of `SandboxConfig` */
  readonly sandbox?: SandboxConfig;
  /** Runs in this sandbox instead, whose working directory is emptied first and which lives on. */
  readonly existingSandbox?: Sandbox;
  /** Decides by relative path with `/` what is copied in. @defaultValue all but `.git` and `node_modules` at any depth */
  readonly filter?: (path: string) => boolean;
  /** Who asks for the changes; this name can't approve them. */
  readonly requestedBy?: string;
  /** Ends the run and everything before it. */
  readonly signal?: AbortSignal;
  /** Told when a step begins. */
  readonly onStep?: (step: TransactionStep) => void;
}

const LEFT_OUT: ReadonlySet<string> = new Set(['.git', 'node_modules', '.paracle']);

/** What is copied in unless the caller says otherwise. */
export function isCopiedByDefault(path: string): boolean {
  return !LEFT_OUT.has(path.slice(path.lastIndexOf('/') + 1));
}
