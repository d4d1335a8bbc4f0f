import type { Logger } from './logger.js';

function drop(): void {
  // Silence is the default: nothing prints unless a logger is handed in.
}

/** A logger that writes nothing; the default everywhere. */
export const silentLogger: Logger = Object.freeze({
  debug: drop,
  info: drop,
  warn: drop,
  error: drop,
  child: () => silentLogger,
});
