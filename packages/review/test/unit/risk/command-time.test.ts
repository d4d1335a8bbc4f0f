import { expect, it } from '@jest/globals';
import { defaultHighRiskPatterns } from '../../../src/policy/review-policy.js';
import { createCommandPatternAnalyzer } from '../../../src/risk/command/command-pattern-analyzer.js';
import { levelOf } from '../support/level-of.js';

const analyzer = createCommandPatternAnalyzer(defaultHighRiskPatterns);
const size = 64 * 1024;

/** Generous, so that a loaded machine does not fail it: what it catches takes minutes. */
const limitMs = 2_000;

it.each([
  ['many words', 'ls a '.repeat(size / 5)],
  ['many commands', 'ls;'.repeat(size / 3)],
  ['many wrapped words', `sudo ${'a '.repeat(size / 2)}`],
  ['nested wrappers', 'sudo '.repeat(size / 5)],
  ['wrappers and shells', `sudo ${"bash -c 'x y' ".repeat(size / 14)}`],
  ['wildcards', `ls ${'*a'.repeat(size / 2)}`],
  ['many wildcard words', `ls ${'/e*/?a* '.repeat(size / 8)}`],
  ['separators', `ls ${'=:@,'.repeat(size / 4)}`],
  ['substitutions', '$('.repeat(size / 2)],
  ['quotes', `python -c "${"'x".repeat(size / 2)}"`],
  ['open quotes', `python -c "${"'\\\\".repeat(size / 4)}"`],
  ['slashes', `ls ${'/'.repeat(size)}`],
  ['eval', `eval ${'eval '.repeat(size / 5)}`],
  ['here documents', 'cat <<E\n$(ls)\nE\n'.repeat(size / 16)],
])('judges 64 KiB of %s in time', async (_title, command) => {
  const startedAt = performance.now();
  await levelOf(analyzer, 'command_execution', { command });
  expect(performance.now() - startedAt).toBeLessThan(limitMs);
});
