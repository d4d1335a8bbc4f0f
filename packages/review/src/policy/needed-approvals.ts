import type { RiskLevel } from '../risk/risk-analyzer.js';
import type { ResolvedReviewPolicy } from './review-policy.js';

/** What a policy asks of one artifact. */
export interface Requirement {
  /** People who must approve; 0 when it passes by itself. */
  readonly approvals: number;
  /** Why it passes by itself, where it does. */
  readonly reason?: 'review_disabled' | 'auto_low_risk';
}

/** How many people must approve an artifact of this risk. */
export function neededApprovals(policy: ResolvedReviewPolicy, risk: RiskLevel): Requirement {
  if (!policy.enabled) return { approvals: 0, reason: 'review_disabled' };
  const maySkip = policy.triggerMode === 'high_risk_only' && policy.autoApproveLowRisk;
  if (maySkip && risk === 'low') return { approvals: 0, reason: 'auto_low_risk' };
  return { approvals: policy.minApprovals };
}
