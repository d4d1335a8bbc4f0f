import { z } from 'zod';
import { parseRiskPattern } from '../risk/parse-risk-pattern.js';

/** When a review waits for people. */
export type TriggerMode = 'always' | 'high_risk_only' | 'manual';

/** The rules of a {@link ReviewManager}, as a caller writes them. */
export interface ReviewPolicy {
  /** `false` approves everything at once with the reason `review_disabled`: nothing is checked by anybody. @defaultValue true */
  readonly enabled?: boolean | undefined;
  /**
   * `always` and `manual`: every review waits. `high_risk_only`: low risk may pass by itself.
   * `manual` tells composing packages to create no reviews of their own. @defaultValue 'high_risk_only'
   */
  readonly triggerMode?: TriggerMode | undefined;
  /** Paths and commands that are high risk, whatever else judges them. @defaultValue see {@link defaultHighRiskPatterns} */
  readonly highRiskPatterns?: readonly string[] | undefined;
  /** Approves low risk at once under `high_risk_only`, with the reason `auto_low_risk`. @defaultValue true */
  readonly autoApproveLowRisk?: boolean | undefined;
  /** People who must approve. More than 1 needs `authorize`. @defaultValue 1 */
  readonly minApprovals?: number | undefined;
  /** Hours after which a pending review is rejected and an unclaimed approval lapses, each counted anew. @defaultValue 24 */
  readonly timeoutHours?: number | undefined;
}

/** The spec's name for the options that hold a policy. */
export interface ReviewConfig {
  /** The rules; every field has a default. */
  readonly policy?: ReviewPolicy | undefined;
}

/** A {@link ReviewPolicy} after defaults. */
export interface ResolvedReviewPolicy {
  readonly enabled: boolean;
  readonly triggerMode: TriggerMode;
  readonly highRiskPatterns: readonly string[];
  readonly autoApproveLowRisk: boolean;
  readonly minApprovals: number;
  readonly timeoutHours: number;
}

/** The patterns used when a policy names none: credentials, keys, system files and forced recursive deletion. */
export const defaultHighRiskPatterns: readonly string[] = Object.freeze([
  '*.env',
  '.env.*',
  '*.key',
  '*.pem',
  '/etc/*',
  'rm -rf',
]);

const pattern = z.string().superRefine((text, context) => {
  const parsed = parseRiskPattern(text);
  if (parsed.type === 'invalid') context.addIssue({ code: 'custom', message: parsed.problem });
});

/** Strict: a misspelt rule must not silently mean no rule. */
export const reviewPolicySchema: z.ZodType<ResolvedReviewPolicy, ReviewPolicy> = z.strictObject({
  enabled: z.boolean().default(true),
  triggerMode: z.enum(['always', 'high_risk_only', 'manual']).default('high_risk_only'),
  highRiskPatterns: z
    .array(pattern)
    .max(1_000)
    .default([...defaultHighRiskPatterns]),
  autoApproveLowRisk: z.boolean().default(true),
  minApprovals: z.int().min(1).max(100).default(1),
  timeoutHours: z.number().positive().max(8_760).default(24),
});
