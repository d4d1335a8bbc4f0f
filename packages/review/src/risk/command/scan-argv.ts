import type { RiskFinding } from '../risk-analyzer.js';
import { commandName, matchesCommand } from './command-pattern.js';
import { type CommandWord, toLiteralWord, unknownWord } from './command-word.js';
import { programKind } from './known-programs.js';
import { highFinding, type ScanContext, shorten, spend } from './scan-context.js';
import { scanInlineCode } from './scan-inline-code.js';
import { runsStream, type StandardInput, scanShell, scanShellText } from './scan-shell.js';

function scanPatterns(words: readonly CommandWord[], context: ScanContext): readonly RiskFinding[] {
  const hits = context.commandPatterns.filter((pattern) => matchesCommand(pattern, words));
  if (hits.length === 0) return [];
  const shown = shorten(words.map((word) => word.text).join(' '));
  const verb = words.some((word) => word.isDynamic) ? 'may match' : 'matches';
  return hits.map(({ text }) => highFinding(context, `the command ${shown} ${verb} ${text}`, text));
}

/** Shell builtins that run a text, or a file. */
function scanBuiltin(name: string, words: readonly CommandWord[], context: ScanContext): readonly RiskFinding[] {
  const operands = words.slice(1).filter((word) => word.text !== '--');
  const [first] = operands;
  if (first === undefined) return [];
  switch (name) {
    case 'eval':
      return scanShellText(
        {
          ...first,
          text: operands.map((word) => word.text).join(' '),
          isDynamic: operands.some((word) => word.isDynamic),
        },
        context,
      );
    case 'trap':
      return scanShellText(first, context);
    case 'alias':
      return operands.flatMap((word) => scanShellText({ ...word, text: word.text.replace(/^[^=]*=/, '') }, context));
    case 'source':
    case '.':
      return runsStream(first)
        ? [highFinding(context, 'the shell reads commands that are not known before it runs')]
        : [];
    default:
      return [];
  }
}

/** Texts with spaces among a wrapper's arguments are scripts to it (`su -c '…'`, `env -S '…'`, `ssh host '…'`). */
function scanTextArgument(word: CommandWord, context: ScanContext): readonly RiskFinding[] {
  if (!/\s/.test(word.text)) return [];
  const texts = word.text.startsWith('-') ? [word.text.replace(/^[^=\s]*=/, ''), word.text.slice(2)] : [word.text];
  return texts.flatMap((text) => context.scanScript(text, { ...context, isTolerant: true }));
}

/** Where a wrapper's own arguments end is not known for every wrapper, so its command is looked for at each of them. */
function scanWrapped(
  words: readonly CommandWord[],
  input: StandardInput,
  context: ScanContext,
): readonly RiskFinding[] {
  const findings: RiskFinding[] = [];
  const firstOperand = words.findIndex((word, index) => index > 0 && !/^-|^\w+=/.test(word.text));
  for (let start = 1; start < words.length; start += 1) {
    if (context.budget.left < 0) break;
    const rest = words.slice(start);
    const word = rest[0] ?? unknownWord;
    if (programKind(commandName(word.text)) === 'data') break;
    const isUnknown = word.isDynamic && start !== firstOperand;
    findings.push(...scanTextArgument(word, context), ...(isUnknown ? [] : scanDirect(rest, input, context)));
  }
  return findings;
}

function scanDirect(words: readonly CommandWord[], input: StandardInput, context: ScanContext): readonly RiskFinding[] {
  const [first] = words;
  if (first === undefined) return [];
  const exhausted = spend(context, words.length);
  if (exhausted !== undefined) return [exhausted];
  if (first.isDynamic || first.hasWildcards) {
    return context.commandPatterns.length === 0
      ? []
      : [highFinding(context, 'which command this is is not known before it runs')];
  }
  const name = commandName(first.text);
  const findings = [...scanPatterns(words, context), ...scanBuiltin(name, words, context)];
  switch (programKind(name)) {
    case 'shell':
      return [...findings, ...scanShell(words, input, context)];
    case 'foreign-shell':
      return words.length === 1 && input.type === 'none'
        ? findings
        : [...findings, highFinding(context, `what ${name} runs can't be parsed`)];
    case 'interpreter':
      return [...findings, ...scanInlineCode(name, words, context)];
    case 'wrapper':
    case 'feeder':
    case 'data':
    case 'other':
      return findings;
  }
}

/** Judges one command, whatever it is wrapped in. */
export function scanArgv(
  words: readonly CommandWord[],
  input: StandardInput,
  context: ScanContext,
): readonly RiskFinding[] {
  const kind = programKind(commandName(words[0]?.text ?? ''));
  const direct = scanDirect(words, input, context);
  if (kind === 'wrapper') return [...direct, ...scanWrapped(words, input, context)];
  if (kind === 'feeder') return [...direct, ...scanWrapped([...words, unknownWord], input, context)];
  return direct;
}

/** The words of an argument vector. */
export function toArgv(words: readonly string[]): readonly CommandWord[] {
  return words.map(toLiteralWord);
}
