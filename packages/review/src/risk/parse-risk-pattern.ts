import { type CommandPattern, parseCommandPattern } from './command/command-pattern.js';
import { type PathPattern, parsePathPattern } from './path/path-pattern.js';

/** What a pattern of `highRiskPatterns` stands for. */
export type RiskPattern =
  | { readonly type: 'path'; readonly path: PathPattern }
  | { readonly type: 'command'; readonly command: CommandPattern }
  | { readonly type: 'word'; readonly path: PathPattern; readonly command: CommandPattern }
  | { readonly type: 'invalid'; readonly problem: string };

/**
 * Tells paths from commands: with a space it is a command, with one of `* ? [ { / \ . ~` a path, and a bare word (`sudo`, `id_rsa`)
 * is both, the name of a command and the name of a file.
 */
export function parseRiskPattern(text: string): RiskPattern {
  const trimmed = text.trim();
  if (trimmed === '') return { type: 'invalid', problem: 'a pattern is empty' };
  const isCommand = /\s/.test(trimmed);
  const isPath = !isCommand && /[*?[{/\\.~]/.test(trimmed);
  const command = isPath ? undefined : parseCommandPattern(trimmed);
  const path = isCommand ? undefined : parsePathPattern(trimmed);
  if (typeof command === 'string') return { type: 'invalid', problem: `pattern ${JSON.stringify(text)}: ${command}` };
  if (typeof path === 'string') return { type: 'invalid', problem: `pattern ${JSON.stringify(text)}: ${path}` };
  if (command !== undefined && path !== undefined) return { type: 'word', path, command };
  if (command !== undefined) return { type: 'command', command };
  if (path !== undefined) return { type: 'path', path };
  return { type: 'invalid', problem: `pattern ${JSON.stringify(text)} is neither a path nor a command` };
}

/** The path patterns among some texts. Invalid ones were refused with the policy. */
export function toPathPatterns(texts: readonly string[]): readonly PathPattern[] {
  return texts.map(parseRiskPattern).flatMap((pattern) => ('path' in pattern ? [pattern.path] : []));
}

/** The command patterns among some texts. Invalid ones were refused with the policy. */
export function toCommandPatterns(texts: readonly string[]): readonly CommandPattern[] {
  return texts.map(parseRiskPattern).flatMap((pattern) => ('command' in pattern ? [pattern.command] : []));
}
