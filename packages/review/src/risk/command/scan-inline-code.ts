import type { RiskFinding } from '../risk-analyzer.js';
import { matchesCommand } from './command-pattern.js';
import { type CommandWord, toLiteralWord } from './command-word.js';
import { highFinding, type ScanContext, shorten } from './scan-context.js';
import { scanPathWord } from './scan-path-word.js';

const maxTexts = 400;

/**
 * What stands between any two quotation marks, whichever they are: an apostrophe in a comment must not hide the text after it.
 * Mere punctuation between texts is left out, so that `['rm', '-rf']` reads as an argument vector.
 */
function textsBetweenQuotes(code: string): readonly string[] {
  return code.split(/['"`]/).filter((text) => /[^\s,;:+()[\]{}]/.test(text));
}

/** The words after an option that takes code (`-c`, `-e`, `--eval`); awk's code needs no option. */
function codeWords(name: string, words: readonly CommandWord[]): readonly CommandWord[] {
  const isAwk = name.includes('awk');
  return words.filter((_word, index) => {
    const before = words[index - 1]?.text ?? '';
    return index > 0 && (isAwk || /^-[a-z]*[cepr]$|^--?(eval|print)$|^eval$/i.test(before));
  });
}

/** Judges the quoted texts in another language's code: as paths, as shell commands, and in sequence as an argument vector. */
function scanCode(code: string, context: ScanContext): readonly RiskFinding[] {
  const texts = textsBetweenQuotes(code);
  if (texts.length > maxTexts)
    return [highFinding(context, `inline code with more than ${maxTexts} texts can't be judged`)];
  const words = texts.map(toLiteralWord);
  const vectors = context.commandPatterns
    .filter((pattern) => words.some((_word, start) => matchesCommand(pattern, words.slice(start))))
    .map(({ text }) => highFinding(context, `inline code ${shorten(code)} contains ${text}`, text));
  const inner: ScanContext = { ...context, isTolerant: true };
  return [
    ...vectors,
    ...texts.flatMap((text) => context.scanScript(text, inner)),
    ...words.flatMap((word) => scanPathWord(word, inner)),
  ];
}

/** Looks through code that an interpreter is given on its command line. Running a file is the sandbox's business, not ours. */
export function scanInlineCode(
  name: string,
  words: readonly CommandWord[],
  context: ScanContext,
): readonly RiskFinding[] {
  return codeWords(name, words).flatMap((word) => scanCode(word.text, context));
}
