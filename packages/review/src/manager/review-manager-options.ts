import { InvalidConfigError, type Logger, parseConfig } from '@paracle/core';
import { z } from 'zod';
import type { Authorize } from '../identity/authorize.js';
import { type ResolvedReviewPolicy, type ReviewConfig, reviewPolicySchema } from '../policy/review-policy.js';
import type { RiskAnalyzer } from '../risk/risk-analyzer.js';
import type { ReviewStore } from '../store/review-store.js';

/** What a {@link ReviewManager} is made of. Everything has a default. */
export interface ReviewManagerOptions extends ReviewConfig {
  /** Where reviews live. It is the caller's to close. @defaultValue a new {@link MemoryReviewStore} */
  readonly store?: ReviewStore | undefined;
  /** Says who a reviewer is. Without it the `reviewer` of a vote is believed as given. Needed for more than one approval. */
  readonly authorize?: Authorize | undefined;
  /** Judges besides the two that read `highRiskPatterns`; nothing that these find lowers a verdict. @defaultValue [] */
  readonly analyzers?: readonly RiskAnalyzer[] | undefined;
  /** @defaultValue silence */
  readonly logger?: Logger | undefined;
  /** Milliseconds since 1970, for time-outs and records. @defaultValue Date.now */
  readonly now?: (() => number) | undefined;
}

/** A {@link ReviewConfig} after defaults. */
export interface ResolvedReviewConfig {
  readonly policy: ResolvedReviewPolicy;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isCallable(value: unknown): boolean {
  return typeof value === 'function';
}

/** Looked at and left out of the result, which is frozen: collaborators are not ours to freeze. */
function collaborator<T>(check: (value: unknown) => boolean, expected: string): z.ZodType<undefined, T | undefined> {
  return z
    .custom<T>((value) => value === undefined || check(value), `expected ${expected}`)
    .optional()
    .transform(() => undefined);
}

const optionsSchema: z.ZodType<ResolvedReviewConfig, ReviewManagerOptions> = z
  .strictObject({
    policy: reviewPolicySchema.prefault({}),
    store: collaborator<ReviewStore>(isObject, 'a ReviewStore'),
    authorize: collaborator<Authorize>(isCallable, 'a function'),
    analyzers: collaborator<readonly RiskAnalyzer[]>(
      (value) => Array.isArray(value) && value.every(isObject),
      'a list of analyzers',
    ),
    logger: collaborator<Logger>(isObject, 'a Logger'),
    now: collaborator<() => number>(isCallable, 'a function'),
  })
  .transform(({ policy }) => ({ policy }));

/**
 * Checks a manager's options.
 *
 * @throws InvalidConfigError
 */
export function parseManagerOptions(options: ReviewManagerOptions): ResolvedReviewConfig {
  const config = parseConfig(optionsSchema, options, 'ReviewManager options');
  if (config.policy.minApprovals <= 1 || options.authorize !== undefined) return config;
  const message = `\`policy.minApprovals\` is ${config.policy.minApprovals}, and without \`authorize\` one person could vote under several names. Give \`authorize\`, or set it to 1.`;
  throw new InvalidConfigError('ReviewManager options', [{ path: 'policy.minApprovals', message }]);
}
