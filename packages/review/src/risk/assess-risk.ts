import type { Logger } from '@paracle/core';
import type { Artifact } from '../content/artifact.js';
import { withinTime } from '../identity/within-time.js';
import type { AttributedFinding, RiskAnalyzer, RiskAssessment, RiskContext } from './risk-analyzer.js';

const analyzerLimitMs = 5_000;

async function ask(
  analyzer: RiskAnalyzer,
  artifact: Artifact,
  context: RiskContext,
  logger: Logger,
): Promise<readonly AttributedFinding[]> {
  try {
    const findings = await withinTime(analyzerLimitMs, () => analyzer.analyze(artifact, context));
    return findings.map((finding) => ({ ...finding, analyzer: analyzer.name }));
  } catch (err) {
    logger.warn({ err, analyzer: analyzer.name }, 'risk analyzer failed');
    return [
      { analyzer: analyzer.name, level: 'high', reason: 'this analyzer failed, so the artifact could not be judged' },
    ];
  }
}

/** Asks every analyzer; the highest level wins, and what nobody judges is high. */
export async function assessRisk(
  analyzers: readonly RiskAnalyzer[],
  artifact: Artifact,
  context: RiskContext,
  logger: Logger,
): Promise<RiskAssessment> {
  const findings = (await Promise.all(analyzers.map((analyzer) => ask(analyzer, artifact, context, logger)))).flat();
  if (findings.length === 0) {
    const reason = `no analyzer can judge artifacts of type ${JSON.stringify(artifact.type)}`;
    return { level: 'high', findings: [{ analyzer: 'paracle', level: 'high', reason }] };
  }
  return { level: findings.every((finding) => finding.level === 'low') ? 'low' : 'high', findings };
}
