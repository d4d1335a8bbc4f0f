import { type Engine, type Logger, prune } from '@paracle/core';

/** Removes what dead controllers left; a failure is no reason not to make a network. */
export async function sweepOrphans(engine: Engine, logger: Logger): Promise<void> {
  try {
    await prune(engine, { logger });
  } catch (err) {
    logger.warn({ err }, 'orphans could not be removed');
  }
}
