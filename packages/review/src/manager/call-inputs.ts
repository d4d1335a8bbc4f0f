import { z } from 'zod';
import { type Digest, digestPattern } from '../content/digest.js';
import type { ApplicationOutcome } from '../decision/report-outcome.js';
import type { ReviewStatus } from '../decision/review-record.js';
import { normalizeIdentity } from '../identity/normalize-identity.js';
import type { DecisionOptions } from './await-decision.js';

/** What `createReview` takes. */
export interface CreateReviewInput {
  /** The caller's name for the artifact. */
  readonly artifactId: string;
  /** `file_change`, `command_execution`, or a type of your own, which needs an analyzer that can judge it to be low. */
  readonly artifactType: string;
  /** Plain JSON; a private copy is bound by its digest. */
  readonly artifactContent: unknown;
  readonly sandboxId?: string | undefined;
  /** Who asks; they can't approve it. Absent: nobody is kept from approving. */
  readonly requestedBy?: string | undefined;
  readonly changeSetId?: string | undefined;
}

/** What `approve` takes. */
export interface ApproveInput {
  /** Who votes: an id that `authorize` knows, or, without it, one that is believed. */
  readonly reviewer: string;
  readonly comment?: string | undefined;
}

/** What `reject` takes. */
export interface RejectInput {
  readonly reviewer: string;
  /** Why: whoever made the artifact reads it. */
  readonly comment: string;
}

/** What `cancel` takes. */
export interface CancelInput {
  readonly comment?: string | undefined;
}

/** What `listReviews` takes; what is absent does not restrict. */
export interface ListReviewsInput {
  readonly status?: ReviewStatus | undefined;
  readonly sandboxId?: string | undefined;
  readonly changeSetId?: string | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  /** At most this many, 1 to 500. @defaultValue 50 */
  readonly limit?: number | undefined;
}

/** What `claim` takes. */
export interface ClaimInput {
  /** Who will apply it. */
  readonly claimant: string;
  /** Digest of what is about to be applied. */
  readonly digest: Digest;
  /** After this without a report the application is `unknown`. @defaultValue 300 */
  readonly ttlSeconds?: number | undefined;
}

/** What `report` takes. */
export interface ReportInput {
  readonly outcome: ApplicationOutcome;
  readonly detail?: string | undefined;
}

const shown = z.string().regex(/^[^\p{Cc}\p{Surrogate}]*$/u, 'expected a text without control characters');
const name = shown.min(1).max(1_024);
const person = name.refine((value) => normalizeIdentity(value) !== '', 'expected a name that can be seen');
const comment = z.string().max(10_000);

/** `artifactContent` is looked at elsewhere: what is parsed here is frozen, and the content is the caller's. */
export const createReviewSchema: z.ZodType<
  Omit<CreateReviewInput, 'artifactContent'>,
  CreateReviewInput
> = z.strictObject({
  artifactId: name,
  artifactType: name,
  artifactContent: z
    .custom((value) => value !== undefined, 'expected `artifactContent` to be given')
    .transform(() => undefined),
  sandboxId: name.optional(),
  requestedBy: person.optional(),
  changeSetId: name.optional(),
});

export const approveSchema: z.ZodType<ApproveInput> = z.strictObject({ reviewer: person, comment: comment.optional() });

export const rejectSchema: z.ZodType<RejectInput> = z.strictObject({
  reviewer: person,
  comment: comment.refine((value) => value.trim() !== '', 'expected `comment` to say why'),
});

export const cancelSchema: z.ZodType<CancelInput> = z.strictObject({ comment: comment.optional() });

export const listReviewsSchema: z.ZodType<ListReviewsInput & { readonly limit: number }, ListReviewsInput> =
  z.strictObject({
    status: z.enum(['pending', 'approved', 'rejected', 'changes_requested', 'cancelled']).optional(),
    sandboxId: name.optional(),
    changeSetId: name.optional(),
    cursor: z.string().max(1_024).optional(),
    limit: z.int().min(1).max(500).default(50),
  });

export const claimSchema: z.ZodType<ClaimInput & { readonly ttlSeconds: number }, ClaimInput> = z.strictObject({
  claimant: person,
  digest: z
    .templateLiteral(['sha256:', z.string()])
    .refine((value) => digestPattern.test(value), 'expected sha256: and 64 hexadecimal digits'),
  ttlSeconds: z.number().positive().max(86_400).default(300),
});

export const reportSchema: z.ZodType<ReportInput> = z.strictObject({
  outcome: z.enum(['applied', 'failed', 'rolled_back']),
  detail: comment.optional(),
});

export const decisionSchema: z.ZodType<DecisionOptions> = z.strictObject({
  signal: z.instanceof(AbortSignal).optional(),
  timeoutMs: z.number().nonnegative().max(2_147_483_647).optional(),
});
