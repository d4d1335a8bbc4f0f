import type { Command, CommandNode } from 'unbash';
import { commandName } from './command-pattern.js';
import { toCommandWord } from './command-word.js';
import type { StandardInput } from './scan-shell.js';

/** What an `echo` or `printf` prints, if that is plainly known. */
function printedText(node: CommandNode): string | undefined {
  if (node.type !== 'Command' || node.name === undefined) return undefined;
  const [name, ...words] = [node.name, ...node.args].map(toCommandWord);
  if (name === undefined || !['echo', 'printf'].includes(commandName(name.text))) return undefined;
  const text = words.map((word) => word.text).join(' ');
  const isPlain =
    !words.some((word) => word.isDynamic || word.hasWildcards) && !/[\\%]/.test(text) && !text.startsWith('-');
  return isPlain ? text : undefined;
}

/** What a command reads from standard input, as far as the script tells. A redirected file is workspace code. */
export function standardInput(command: Command, pipedFrom: CommandNode | undefined): StandardInput {
  for (const redirect of command.redirects.toReversed()) {
    if (redirect.type === 'HereDoc') return { type: 'text', text: redirect.body.text };
    if (redirect.type === 'HereString') {
      const word = redirect.target === undefined ? undefined : toCommandWord(redirect.target);
      return word === undefined || word.isDynamic ? { type: 'unknown' } : { type: 'text', text: word.text };
    }
    if (redirect.operator === '<') {
      const isStream = redirect.target?.parts?.some((part) => part.type === 'ProcessSubstitution') === true;
      return isStream ? { type: 'unknown' } : { type: 'none' };
    }
  }
  if (pipedFrom === undefined) return { type: 'none' };
  const text = printedText(pipedFrom);
  return text === undefined ? { type: 'unknown' } : { type: 'text', text };
}
