import type { RiskFinding } from '../risk-analyzer.js';
import { matchesCommand } from './command-pattern.js';
import { type CommandWord, toLiteralWord } from './command-word.js';
import { highFinding, type ScanContext, shorten } from './scan-context.js';
import { scanPathWord } from './scan-path-word.js';

const maxLiterals = 200;

/** The texts in quotes, escapes left as they are; one that is not closed ends with the code. */
function quotedTexts(code: string): readonly string[] {
  const texts: string[] = [];
  let start = 0;
  let quote: string | undefined;
  for (let index = 0; index < code.length; index += 1) {
    const letter = code.charAt(index);
    if (letter === '\\') index += 1;
    else if (quote === undefined && /['"`]/.test(letter)) [quote, start] = [letter, index + 1];
    else if (letter === quote) {
      texts.push(code.slice(start, index));
      quote = undefined;
    }
  }
  return quote === undefined ? texts : [...texts, code.slice(start)];
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
  const literals = quotedTexts(code);
  if (literals.length > maxLiterals)
    return [highFinding(context, `inline code with more than ${maxLiterals} texts can't be judged`)];
  const words = literals.map(toLiteralWord);
  const vectors = context.commandPatterns
    .filter((pattern) => words.some((_word, start) => matchesCommand(pattern, words.slice(start))))
    .map(({ text }) => highFinding(context, `inline code ${shorten(code)} contains ${text}`, text));
  const inner: ScanContext = { ...context, isTolerant: true };
  return [
    ...vectors,
    ...literals.flatMap((text) => context.scanScript(text, inner)),
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
