import type { Artifact } from '../content/artifact.js';
import type { ResolvedReviewPolicy } from '../policy/review-policy.js';

/** How much harm an artifact could do. */
export type RiskLevel = 'low' | 'high';

/** One thing that an analyzer saw. */
export interface RiskFinding {
  readonly level: RiskLevel;
  /** Why, in words for the person who decides. */
  readonly reason: string;
  /** The pattern of the policy that matched. */
  readonly pattern?: string;
  /** Where in a command's script, in UTF-16 code units; `end` is exclusive. */
  readonly span?: { readonly start: number; readonly end: number };
}

/** What an analyzer may look at besides the artifact. */
export interface RiskContext {
  readonly policy: ResolvedReviewPolicy;
}

/**
 * Judges artifacts. No finding means "not mine to judge"; a finding of level `low` means "judged, and harmless".
 * What no analyzer judges is high, and so is what makes one throw or take longer than 5 seconds.
 */
export interface RiskAnalyzer {
  /** Named in the findings. */
  readonly name: string;
  analyze(artifact: Artifact, context: RiskContext): Promise<readonly RiskFinding[]> | readonly RiskFinding[];
}

/** A finding and whose it is. */
export interface AttributedFinding extends RiskFinding {
  readonly analyzer: string;
}

/** The verdict: the highest level found, and everything that was found. */
export interface RiskAssessment {
  readonly level: RiskLevel;
  readonly findings: readonly AttributedFinding[];
}
