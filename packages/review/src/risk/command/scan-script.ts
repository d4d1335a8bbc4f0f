import { type Command, type CommandNode, forEachChild, type ParsedScript, parse, type SyntaxNode } from 'unbash';
import type { RiskFinding } from '../risk-analyzer.js';
import { commandName } from './command-pattern.js';
import { toCommandWord } from './command-word.js';
import { programKind } from './known-programs.js';
import { scanArgv } from './scan-argv.js';
import { highFinding, type ScanContext, shorten, spend } from './scan-context.js';
import { scanPathWord } from './scan-path-word.js';
import { standardInput } from './standard-input.js';

const maxDepth = 8;

function children(node: SyntaxNode): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  forEachChild(node, (child) => {
    found.push(child);
  });
  return found;
}

function scanChildren(node: SyntaxNode, context: ScanContext): readonly RiskFinding[] {
  return children(node).flatMap((child) => scanNode(child, context, undefined));
}

function scanCommand(
  command: Command,
  context: ScanContext,
  pipedFrom: CommandNode | undefined,
): readonly RiskFinding[] {
  const here = context.depth > 0 ? context : { ...context, span: { start: command.pos, end: command.end } };
  const words = [...(command.name === undefined ? [] : [command.name]), ...command.args].map(toCommandWord);
  const takesText = programKind(commandName(words[0]?.text ?? '')) === 'data';
  const argv = command.name === undefined ? [] : scanArgv(words, standardInput(command, pipedFrom), here);
  const paths = takesText ? [] : words.flatMap((word) => scanPathWord(word, here));
  // Words were judged as arguments; what is inside them, and all else of the command, is still to do.
  const rest = children(command).flatMap((child) =>
    child.type === 'Word' ? scanChildren(child, here) : scanNode(child, here, undefined),
  );
  return [...argv, ...paths, ...rest];
}

function scanParsed(script: ParsedScript, context: ScanContext): readonly RiskFinding[] {
  const exhausted = spend(context, script.end - script.pos);
  if (exhausted !== undefined) return [exhausted];
  const isBroken = script.errors !== undefined && script.errors.length > 0;
  if (isBroken && !context.isTolerant) return [highFinding(context, 'this can not be parsed as a shell script')];
  // Positions inside a script with its own source count from there: findings keep the place of what is around it.
  return scanChildren(script, script.source === undefined ? context : { ...context, depth: context.depth + 1 });
}

function scanNode(node: SyntaxNode, context: ScanContext, pipedFrom: CommandNode | undefined): readonly RiskFinding[] {
  switch (node.type) {
    case 'Script':
      return scanParsed(node, context);
    case 'Pipeline':
      return node.commands.flatMap((command, index) => scanNode(command, context, node.commands[index - 1]));
    case 'Command':
      return scanCommand(node, context, pipedFrom);
    case 'Word':
      return [...scanPathWord(toCommandWord(node), context), ...scanChildren(node, context)];
    default:
      return scanChildren(node, context);
  }
}

/** Judges a script and the scripts inside it. */
export function scanScript(script: string, context: ScanContext): readonly RiskFinding[] {
  if (context.depth >= maxDepth) return [highFinding(context, `${shorten(script)} is nested too deeply to be judged`)];
  return scanNode(parse(script), context, undefined);
}
