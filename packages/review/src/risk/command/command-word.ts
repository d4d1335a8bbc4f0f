import type { CommandArgument, DoubleQuotedChild, WordPart } from 'unbash';

/** One word of a command, as far as it is known before the shell runs. */
export interface CommandWord {
  /** Its text after quoting; `x` stands for what is not known. */
  readonly text: string;
  /** What is known of its beginning: all of it, unless it has an expansion. */
  readonly knownStart: string;
  /** Whether an expansion makes up a part of it. */
  readonly isDynamic: boolean;
  /** Whether the shell expands wildcards in it. */
  readonly hasWildcards: boolean;
}

/** A word without any expansion: an element of an argument vector. */
export function toLiteralWord(text: string): CommandWord {
  return { text, knownStart: text, isDynamic: false, hasWildcards: false };
}

function joinParts(parts: readonly (WordPart | DoubleQuotedChild)[]): CommandWord {
  let word = toLiteralWord('');
  for (const part of parts) {
    const next = partToWord(part);
    word = {
      text: word.text + next.text,
      knownStart: word.isDynamic ? word.knownStart : word.knownStart + next.knownStart,
      isDynamic: word.isDynamic || next.isDynamic,
      hasWildcards: word.hasWildcards || next.hasWildcards,
    };
  }
  return word;
}

function partToWord(part: WordPart | DoubleQuotedChild): CommandWord {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return toLiteralWord(part.value);
    case 'DoubleQuoted':
    case 'LocaleString':
      return joinParts(part.parts);
    case 'Glob':
      return { ...toLiteralWord(part.text), hasWildcards: true };
    case 'BraceExpansion':
    case 'ExtendedGlob':
      return { text: part.text, knownStart: '', isDynamic: true, hasWildcards: false };
    case 'ProcessSubstitution':
      return { text: '/dev/fd/x', knownStart: '/dev/fd/', isDynamic: true, hasWildcards: false };
    case 'SimpleExpansion':
    case 'ParameterExpansion':
    case 'CommandExpansion':
    case 'ArithmeticExpansion':
      return { text: 'x', knownStart: '', isDynamic: true, hasWildcards: false };
  }
}

/** A word of which nothing is known. */
export const unknownWord: CommandWord = Object.freeze({
  text: 'x',
  knownStart: '',
  isDynamic: true,
  hasWildcards: false,
});

/** What is known of a word of a script; `name=value` after `export` or `alias` is a word too. */
export function toCommandWord(word: CommandArgument): CommandWord {
  if (word.type === 'Word') return word.parts === undefined ? toLiteralWord(word.value) : joinParts(word.parts);
  if (word.value.type === 'ArrayValue') return unknownWord;
  const value = toCommandWord(word.value);
  return { ...value, text: `${word.name}=${value.text}`, knownStart: `${word.name}=${value.knownStart}` };
}
