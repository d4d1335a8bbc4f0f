import { parse } from 'unbash';
import { type CommandWord, toCommandWord } from './command-word.js';
import { isLongName, optionNames } from './option-aliases.js';

/** One parsed command pattern: `rm -rf` is the command `rm` with the options r and f. */
export interface CommandPattern {
  /** As the operator wrote it. */
  readonly text: string;
  readonly name: RegExp;
  /** The command's own name, for what is known of its options. */
  readonly command: string;
  readonly options: readonly string[];
  /** Words that must appear, in this order, among others. */
  readonly operands: readonly RegExp[];
}

const maxClusterLength = 4;

function wildcard(text: string): RegExp {
  const source = text
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*+/g, '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`, 'i');
}

/** The options in a word: letters of a short cluster, or one long name. `-delete` is taken as one name. */
function toOptions(word: string, clusterLength: number): readonly string[] {
  if (word.startsWith('--')) return [word.slice(2).replace(/=.*$/s, '')];
  const letters = word.slice(1);
  return letters.length <= clusterLength ? Array.from(letters) : [letters];
}

function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith('-') && word !== '--';
}

/** Parses a command pattern, or says what is wrong with it. */
export function parseCommandPattern(text: string): CommandPattern | string {
  const script = parse(text);
  const command = script.commands[0]?.command;
  if (script.errors !== undefined && script.errors.length > 0) return 'it is not a shell command';
  if (script.commands.length !== 1 || command?.type !== 'Command')
    return 'expected one simple command, without pipes or lists';
  const words = [command.name, ...command.suffix].flatMap((node) =>
    node?.type === 'Word' ? [toCommandWord(node)] : [],
  );
  const [name, ...rest] = words;
  const isPlain =
    words.length === command.suffix.length + 1 && command.prefix.length === 0 && !words.some((word) => word.isDynamic);
  if (name === undefined || !isPlain)
    return 'expected a command name and words, without assignments, redirections or expansions';
  return {
    text,
    name: wildcard(commandName(name.text)),
    command: commandName(name.text),
    options: rest.filter((word) => isOption(word.text)).flatMap((word) => toOptions(word.text, maxClusterLength)),
    operands: rest.filter((word) => !isOption(word.text)).map((word) => wildcard(word.text)),
  };
}

/** A program's name without its directory: `/bin/rm` and `rm.exe` are `rm`. */
export function commandName(path: string): string {
  return path
    .replace(/^.*[/\\]/s, '')
    .replace(/\.exe$/i, '')
    .toLowerCase();
}

function hasOption(pattern: CommandPattern, wanted: string, words: readonly CommandWord[]): boolean {
  const names = optionNames(pattern.command, wanted);
  return words.some(({ text }) => {
    if (!isOption(text)) return false;
    if (text.startsWith('--'))
      return names.some((name) => toOptions(text, 0).some((written) => isLongName(written, name)));
    return names.some((name) => (name.length === 1 ? text.slice(1).includes(name) : text.slice(1) === name));
  });
}

function hasOperands(pattern: CommandPattern, words: readonly CommandWord[]): boolean {
  let next = 0;
  for (const { text } of words) if (pattern.operands[next]?.test(text) === true) next += 1;
  return next === pattern.operands.length;
}

/** Whether a word may turn out to be an option, or an operand that the pattern asks for. */
function mayBeAnything(word: CommandWord): boolean {
  return word.isDynamic && (word.knownStart === '' || word.knownStart.startsWith('-'));
}

/** Says whether a command matches, or may match once its expansions are known. */
export function matchesCommand(pattern: CommandPattern, words: readonly CommandWord[]): boolean {
  const [name, ...rest] = words;
  if (name === undefined || !pattern.name.test(commandName(name.text))) return false;
  if (rest.some(mayBeAnything)) return true;
  const end = rest.findIndex((word) => word.text === '--');
  const optionWords = end === -1 ? rest : rest.slice(0, end);
  return pattern.options.every((option) => hasOption(pattern, option, optionWords)) && hasOperands(pattern, rest);
}
