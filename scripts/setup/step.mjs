import { performance } from 'node:perf_hooks';

/** A failure the user can act on: its message says what was expected, what was found and what to do. */
export class SetupError extends Error {}

/**
 * Runs one step: says what begins, then how it ended and how long it took.
 * What the step returns (a string) is printed as its outcome.
 */
export async function step(title, work) {
  const start = performance.now();
  process.stdout.write(`→ ${title}\n`);
  try {
    const outcome = await work();
    process.stdout.write(`✓ ${title}: ${outcome ?? 'done'} (${formatSeconds(performance.now() - start)})\n`);
    return outcome;
  } catch (error) {
    process.stdout.write(`✗ ${title} (${formatSeconds(performance.now() - start)})\n`);
    throw error;
  }
}

/** Says what a long step is busy with. */
export function note(text) {
  process.stdout.write(`  ${text}\n`);
}

/** Prints the one message of a failure and ends with exit code 1; anything unexpected keeps its stack. */
export function exitWithFailure(error) {
  const text = error instanceof SetupError ? error.message : (error?.stack ?? String(error));
  process.stderr.write(`\n${text}\n`);
  process.exitCode = 1;
}

export function formatSeconds(ms) {
  return ms < 60_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
