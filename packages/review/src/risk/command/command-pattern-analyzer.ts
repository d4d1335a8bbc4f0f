import type { Artifact } from '../../content/artifact.js';
import { type CommandContent, commandSchema } from '../../content/command-content.js';
import { toCommandPatterns, toPathPatterns } from '../parse-risk-pattern.js';
import type { RiskAnalyzer, RiskFinding } from '../risk-analyzer.js';
import { scanArgv, toArgv } from './scan-argv.js';
import { highFinding, type ScanContext } from './scan-context.js';
import { scanPathWord } from './scan-path-word.js';
import { scanScript } from './scan-script.js';

const maxScriptLength = 128 * 1024;
const workUnits = 500_000;
const maxFindings = 50;

function judge({ command }: CommandContent, context: ScanContext): readonly RiskFinding[] {
  const isScript = typeof command === 'string';
  const text = isScript ? command : command.join(' ');
  if (text.length > maxScriptLength)
    return [highFinding(context, `a command of more than ${maxScriptLength} characters can't be judged`)];
  if (text.includes('\0')) return [highFinding(context, 'a command with a NUL character can not be judged')];
  if (isScript) return scanScript(command, context);
  const words = toArgv(command);
  if (words[0]?.text === '') return [highFinding(context, 'a command without a name can not be judged')];
  const nested = { ...context, depth: 1 };
  return [...scanArgv(words, { type: 'none' }, nested), ...words.flatMap((word) => scanPathWord(word, nested))];
}

/** The same reason is given once, at its first place. */
function distinct(findings: readonly RiskFinding[]): readonly RiskFinding[] {
  const byReason = new Map<string, RiskFinding>();
  for (const finding of findings) if (!byReason.has(finding.reason)) byReason.set(finding.reason, finding);
  return [...byReason.values()].slice(0, maxFindings);
}

/**
 * Judges a `command_execution` by the patterns among some texts: commands through a shell grammar, and the paths among its words.
 */
export function createCommandPatternAnalyzer(patterns: readonly string[]): RiskAnalyzer {
  const commandPatterns = toCommandPatterns(patterns);
  const pathPatterns = toPathPatterns(patterns);
  return {
    name: 'command-pattern',
    analyze(artifact: Artifact): readonly RiskFinding[] {
      if (artifact.type !== 'command_execution') return [];
      const parsed = commandSchema.safeParse(artifact.content);
      if (!parsed.success) return [{ level: 'high', reason: 'the content is not that of a command' }];
      const { workingDirectory } = parsed.data;
      const context: ScanContext = {
        commandPatterns,
        pathPatterns,
        workingDirectory,
        depth: 0,
        span: undefined,
        isTolerant: false,
        budget: { left: workUnits },
        // One shell deeper, whoever asks.
        scanScript: (script, inner) => scanScript(script, { ...inner, depth: inner.depth + 1 }),
      };
      const findings = distinct(judge(parsed.data, context));
      return findings.length > 0 ? findings : [{ level: 'low', reason: 'no pattern matches' }];
    },
  };
}
