import { silentLogger } from '@paracle/core';
import type { JsonValue } from '../../../src/content/json-value.js';
import { reviewPolicySchema } from '../../../src/policy/review-policy.js';
import { assessRisk } from '../../../src/risk/assess-risk.js';
import type { RiskAnalyzer, RiskLevel } from '../../../src/risk/risk-analyzer.js';

/** The verdict of one analyzer alone. */
export async function levelOf(analyzer: RiskAnalyzer, type: string, content: JsonValue): Promise<RiskLevel> {
  const context = { policy: reviewPolicySchema.parse({}) };
  return (await assessRisk([analyzer], { type, content }, context, silentLogger)).level;
}
