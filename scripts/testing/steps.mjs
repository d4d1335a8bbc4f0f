import { performance } from 'node:perf_hooks';
import { formatSeconds } from '../setup/step.mjs';

/** A closing line of a test program that is not jest, such as the native tests', with turbo's prefix before it. */
const COUNTS = /^(?:\S+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm;

/** Runs checks one after the other, all of them even if some fail, and remembers how each went. */
export class StepRunner {
  counts = { passed: 0, failed: 0, skipped: 0 };
  #done = [];

  /** `work` resolves with `{ exitCode, output?, counts?, problems? }`. */
  async run(title, work) {
    process.stdout.write(`\n→ ${title}\n`);
    const start = performance.now();
    let outcome;
    try {
      outcome = await work();
    } catch (error) {
      outcome = { exitCode: 1, problems: [error.message] };
    }
    const { exitCode, problems = [] } = outcome;
    for (const problem of problems) process.stdout.write(`  ${problem}\n`);
    this.#add(outcome.counts ?? countsIn(outcome.output ?? ''));
    const hasPassed = exitCode === 0 && problems.length === 0;
    const duration = formatSeconds(performance.now() - start);
    process.stdout.write(`${hasPassed ? '✓' : '✗'} ${title} (${duration})\n`);
    this.#done.push({ title, hasPassed, duration });
  }

  #add({ passed, failed, skipped }) {
    this.counts.passed += passed;
    this.counts.failed += failed;
    this.counts.skipped += skipped;
  }

  /** Prints every step once more, and resolves to whether all went well. */
  finish() {
    process.stdout.write('\n');
    for (const { title, hasPassed, duration } of this.#done) {
      process.stdout.write(`${hasPassed ? '✓' : '✗'} ${title} (${duration})\n`);
    }
    const { passed, failed, skipped } = this.counts;
    const complaints = [
      ...(passed + failed === 0 ? ['no test ran'] : []),
      ...(skipped > 0 ? [`${skipped} tests were skipped; none may be`] : []),
      ...this.#done.filter(({ hasPassed }) => !hasPassed).map(({ title }) => `failed: ${title}`),
    ];
    for (const complaint of complaints) process.stdout.write(`${complaint}\n`);
    process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    return complaints.length === 0 && failed === 0;
  }
}

function countsIn(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, skipped] of output.matchAll(COUNTS)) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
    counts.skipped += Number(skipped ?? 0);
  }
  return counts;
}
