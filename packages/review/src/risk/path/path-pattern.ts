import { Minimatch } from 'minimatch';
import { foldName } from './path-segments.js';

/** One name of a pattern: `*.env` or `etc`. */
export interface PatternPart {
  readonly text: string;
  readonly matcher: Minimatch;
}

/** A pattern without braces. */
export interface PathAlternative {
  /** Whether it started with a slash. */
  readonly isRooted: boolean;
  /** Its names, folded. */
  readonly parts: readonly PatternPart[];
  /** The names before a last `*` or `**`: `/etc/*` covers `/etc` itself too. */
  readonly parent: readonly PatternPart[] | undefined;
  /** Where a `**` stands, the whole decides instead of its parts. */
  readonly whole: Minimatch | undefined;
}

/** One parsed path pattern. */
export interface PathPattern {
  /** As the operator wrote it. */
  readonly text: string;
  /** One for each alternative of its braces. */
  readonly alternatives: readonly PathAlternative[];
}

const options = { dot: true, nocomment: true, nonegate: true, nobrace: true } as const;
const maxPatternLength = 512;
const maxAlternatives = 64;

function toAlternative(text: string): PathAlternative {
  const names = text.split('/').filter((name) => name !== '' && name !== '.');
  const parts = names.map((name) => ({ text: name, matcher: new Minimatch(name, options) }));
  const isRooted = text.startsWith('/');
  const prefix = isRooted || names[0] === '**' ? '' : '**/';
  return {
    isRooted,
    parts,
    parent: parts.length > 1 && /^\*\*?$/.test(names.at(-1) ?? '') ? parts.slice(0, -1) : undefined,
    whole: names.includes('**') ? new Minimatch(`${prefix}${names.join('/')}`, options) : undefined,
  };
}

function alternativeProblem({ parts }: PathAlternative): string | undefined {
  if (parts.length === 0) return 'it names no file; write `/*` for everything';
  return parts.some(({ text }) => text === '..') ? '`..` is not supported; write the path from the root' : undefined;
}

/** Parses a path pattern, or says what is wrong with it. */
export function parsePathPattern(text: string): PathPattern | string {
  if (text.length > maxPatternLength) return `expected at most ${maxPatternLength} characters`;
  if (text.includes('\0')) return 'no path contains a NUL character';
  if (text.startsWith('!')) return 'negation is not supported; list what is risky';
  const slashed = foldName(text)
    .replaceAll('\\', '/')
    .replace(/^[a-z]:/, '')
    .replace(/^~(?=\/)/, '.');
  const expanded = new Minimatch(slashed, { ...options, nobrace: false }).braceExpand();
  if (expanded.length > maxAlternatives) return `expected at most ${maxAlternatives} alternatives in braces`;
  const alternatives = expanded.map(toAlternative);
  return alternatives.map(alternativeProblem).find((problem) => problem !== undefined) ?? { text, alternatives };
}
