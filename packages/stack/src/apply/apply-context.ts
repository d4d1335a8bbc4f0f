import type { Logger } from '@paracle/core';
import type { ApplyLayout } from './apply-layout.js';
import type { ApplyStep } from './apply-steps.js';

/** What every part of an apply needs. */
export interface ApplyContext {
  readonly layout: ApplyLayout;
  readonly logger: Logger | undefined;
  /** Tells the caller that a step was done. Never fails. */
  readonly report: (step: ApplyStep) => Promise<void>;
}

/** What a caller may watch an apply or a recovery with. */
export interface ApplyWatchOptions {
  /** Told what was handled but not expected. */
  readonly logger?: Logger | undefined;
  /** Called, and awaited, right after each step. It can delay the apply but not change it: what it throws is logged. */
  readonly onStep?: ((step: ApplyStep) => void | Promise<void>) | undefined;
}

/** The context for a workspace. */
export function toApplyContext(layout: ApplyLayout, options: ApplyWatchOptions): ApplyContext {
  const logger = options.logger?.child({ component: 'apply', workspace: layout.root });
  return {
    layout,
    logger,
    report: async (step) => {
      try {
        await options.onStep?.(step);
      } catch (error) {
        logger?.warn({ err: error, step }, 'apply step listener failed');
      }
    },
  };
}
