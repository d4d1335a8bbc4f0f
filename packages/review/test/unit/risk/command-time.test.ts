import { expect, it } from '@jest/globals';
import { defaultHighRiskPatterns } from '../../../src/policy/review-policy.js';
import { createCommandPatternAnalyzer } from '../../../src/risk/command/command-pattern-analyzer.js';
import { levelOf } from '../support/level-of.js';

const analyzer = createCommandPatternAnalyzer(defaultHighRiskPatterns);
const size = 64 * 1024;

/** What this catches takes minutes; how long it takes is a benchmark's to say. */
const hangMs = 60_000;

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
])(
  'comes to an end with 64 KiB of %s',
  async (_title, command) => {
    expect(['low', 'high']).toContain(await levelOf(analyzer, 'command_execution', { command }));
  },
  hangMs,
);
