import type { Artifact } from '../../content/artifact.js';
import { type FileChangeContent, fileChangeSchema } from '../../content/file-change-content.js';
import { toPathPatterns } from '../parse-risk-pattern.js';
import type { RiskAnalyzer, RiskFinding } from '../risk-analyzer.js';
import { matchesPath } from './match-path.js';
import type { PathPattern } from './path-pattern.js';
import { pathProblem, pathReadings } from './path-segments.js';

function judgePath(path: string, patterns: readonly PathPattern[]): readonly RiskFinding[] {
  const shown = JSON.stringify(path.slice(0, 200));
  const problem = pathProblem(path);
  if (problem !== undefined) return [{ level: 'high', reason: `the path ${shown} can't be judged: ${problem}` }];
  const readings = pathReadings(path);
  const hits = patterns
    .filter((pattern) => matchesPath(pattern, readings))
    .map(({ text }): RiskFinding => ({ level: 'high', reason: `the path ${shown} matches ${text}`, pattern: text }));
  if (!readings.some(({ leavesBase }) => leavesBase)) return hits;
  return [...hits, { level: 'high', reason: `the path ${shown} leaves the directory it starts in` }];
}

/** A symlink's target counts from the link's own directory. */
function targetPath({ path, target }: FileChangeContent): readonly string[] {
  if (target === undefined) return [];
  return [/^([/\\~]|[a-z]:)/i.test(target) ? target : `${path.replace(/[^/\\]*[/\\]*$/, '')}${target}`];
}

/** Judges the paths of a `file_change`, and a symlink's target, by the path patterns among some texts. */
export function createPathPatternAnalyzer(patterns: readonly string[]): RiskAnalyzer {
  const pathPatterns = toPathPatterns(patterns);
  return {
    name: 'path-pattern',
    analyze(artifact: Artifact): readonly RiskFinding[] {
      if (artifact.type !== 'file_change') return [];
      const parsed = fileChangeSchema.safeParse(artifact.content);
      if (!parsed.success) return [{ level: 'high', reason: 'the content is not that of a file change' }];
      const { path, from } = parsed.data;
      const paths = [path, ...(from === undefined ? [] : [from]), ...targetPath(parsed.data)];
      const findings = paths.flatMap((one) => judgePath(one, pathPatterns));
      return findings.length > 0 ? findings : [{ level: 'low', reason: 'no path pattern matches' }];
    },
  };
}
