import type { RiskFinding } from '../risk-analyzer.js';
import type { CommandWord } from './command-word.js';
import { highFinding, type ScanContext } from './scan-context.js';

/** What a command reads from standard input: nothing, a known text, or something that is not known before it runs. */
export type StandardInput =
  | { readonly type: 'none' }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'unknown' };

/** What a shell was asked to run. */
interface ShellCall {
  readonly takesText: boolean;
  readonly readsInput: boolean;
  readonly operand: CommandWord | undefined;
  readonly isUnclear: boolean;
}

function parseShellCall(words: readonly CommandWord[]): ShellCall {
  let takesText = false;
  let readsInput = false;
  let isUnclear = false;
  let index = 1;
  for (; index < words.length; index += 1) {
    const word = words[index];
    if (word === undefined || !/^[-+]/.test(word.text)) break;
    isUnclear ||= word.isDynamic;
    takesText ||= /^-[a-zA-Z]*c/.test(word.text);
    readsInput ||= /^-[a-zA-Z]*s/.test(word.text);
    if (word.text === '--' || word.text === '-') {
      index += 1;
      break;
    }
    if (/^[-+][a-zA-Z]*[oO]$|^--(rcfile|init-file)$/.test(word.text)) index += 1;
  }
  const operand = words[index];
  isUnclear ||= operand?.isDynamic === true && operand.knownStart === '' && !takesText;
  return { takesText, readsInput, operand, isUnclear };
}

function scanInput(input: StandardInput, context: ScanContext): readonly RiskFinding[] {
  switch (input.type) {
    case 'none':
      return [];
    case 'text':
      return context.scanScript(input.text, context);
    case 'unknown':
      return [highFinding(context, 'a shell reads commands that are not known before it runs')];
  }
}

/** Judges a text that a shell will run. */
export function scanShellText(word: CommandWord, context: ScanContext): readonly RiskFinding[] {
  const findings = context.scanScript(word.text, context);
  return word.isDynamic
    ? [...findings, highFinding(context, 'a shell is given a text that is not known before it runs')]
    : findings;
}

/** Judges `sh`, `bash -c '…'` and their like. A script file is workspace code: running it is low. */
export function scanShell(
  words: readonly CommandWord[],
  input: StandardInput,
  context: ScanContext,
): readonly RiskFinding[] {
  const call = parseShellCall(words);
  if (call.takesText) return call.operand === undefined ? [] : scanShellText(call.operand, context);
  if (call.isUnclear) return [highFinding(context, 'what this shell runs is not known before it runs')];
  if (call.operand === undefined || call.readsInput) return scanInput(input, context);
  return runsStream(call.operand) ? scanInput(input.type === 'none' ? { type: 'unknown' } : input, context) : [];
}

/** Whether a script file is in truth a stream: what comes through it is not known. */
export function runsStream(word: CommandWord): boolean {
  return /^\/(dev\/(stdin|fd\/)|proc\/self\/fd\/)/.test(word.text);
}
