import { matchesPath, mayMatchPath } from '../path/match-path.js';
import { pathProblem, pathReadings } from '../path/path-segments.js';
import type { RiskFinding } from '../risk-analyzer.js';
import type { CommandWord } from './command-word.js';
import { highFinding, type ScanContext, shorten, spend } from './scan-context.js';

const maxPathLength = 4_096;

/** The paths that a word may hold: itself, what stands after `=`, `:`, `@`, `,` or in braces, and what is glued to a short option. */
function candidates(text: string): readonly string[] {
  const pieces = [text, ...text.split(/[=:@,{}]/)];
  if (/^-[^-]/.test(text)) pieces.push(text.slice(2));
  // Longer than this is no path: the kernel refuses it.
  return [...new Set(pieces)].filter((piece) => piece !== '' && piece.length <= maxPathLength);
}

function scanCandidate(path: string, word: CommandWord, context: ScanContext): readonly RiskFinding[] {
  const exhausted = spend(context, context.pathPatterns.length * (word.hasWildcards ? 64 : 1));
  if (exhausted !== undefined) return [exhausted];
  const problem = pathProblem(path);
  if (problem !== undefined) return [highFinding(context, `the word ${shorten(path)} can't be judged: ${problem}`)];
  const isRelative = context.workingDirectory !== undefined && !path.startsWith('/');
  const readings = isRelative
    ? [...pathReadings(path), ...pathReadings(`${context.workingDirectory}/${path}`)]
    : pathReadings(path);
  return context.pathPatterns
    .filter((pattern) => matchesPath(pattern, readings) || (word.hasWildcards && mayMatchPath(pattern, readings)))
    .map(({ text }) => highFinding(context, `the word ${shorten(path)} matches ${text}`, text));
}

/** Looks for paths in a word. */
export function scanPathWord(word: CommandWord, context: ScanContext): readonly RiskFinding[] {
  if (context.budget.left < 0) return [];
  return candidates(word.text).flatMap((path) => scanCandidate(path, word, context));
}
