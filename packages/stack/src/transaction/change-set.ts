import { bindArtifact, type Review, type ReviewManager } from '@paracle/review';
import type { Digest, FileChange } from '@paracle/rollback';
import { type ApplyOptions, applyChanges } from '../apply/apply-changes.js';
import { toAncestors } from '../apply/plan-issues.js';
import { stackErrorCodes } from '../stack-error-codes.js';
import { StackError } from '../stack-errors.js';
import { toArtifact } from './to-artifact.js';

/** One change and the review that decides about it. */
export interface ReviewedChange {
  readonly change: FileChange;
  readonly reviewId: string;
}

/** What became of a change set's changes. */
export interface ChangeSetOutcome {
  /** Paths that are now in the workspace as approved. */
  readonly applied: readonly string[];
  /** The rest, each with the reason. */
  readonly notApplied: readonly { readonly path: string; readonly reason: string }[];
}

/** What {@link ChangeSet.apply} takes. */
export interface ApplyChangeSetOptions extends Pick<ApplyOptions, 'signal' | 'logger' | 'onStep'> {
  /** Who applies, for the record. @defaultValue 'paracle' */
  readonly claimant?: string;
}

interface Claimed {
  readonly claimId: string;
  readonly change: FileChange;
}

/** All changes of one transaction, each with its review. It needs the review store and the workspace, no sandbox. */
export class ChangeSet {
  readonly id: string;
  readonly workspace: string;
  /** Sorted by path. */
  readonly changes: readonly ReviewedChange[];
  /** Paths that can't be proposed: neither file, directory nor link. */
  readonly unsupported: readonly string[];
  readonly #reviews: ReviewManager;

  /** Made by `transaction`. */
  constructor(
    parts: {
      readonly id: string;
      readonly workspace: string;
      readonly changes: readonly ReviewedChange[];
      readonly unsupported: readonly string[];
    },
    reviews: ReviewManager,
  ) {
    this.id = parts.id;
    this.workspace = parts.workspace;
    this.changes = parts.changes;
    this.unsupported = parts.unsupported;
    this.#reviews = reviews;
  }

  /** The reviews as they are now, in the order of the changes. */
  async reviews(): Promise<readonly Review[]> {
    return Promise.all(this.changes.map(async ({ reviewId }) => this.#reviews.getReview(reviewId)));
  }

  /** Waits until every change is decided. */
  async decided(options: { readonly signal?: AbortSignal } = {}): Promise<readonly Review[]> {
    return Promise.all(this.changes.map(async ({ reviewId }) => this.#reviews.decision(reviewId, options)));
  }

  /** Contents of a changed file, as the run left them. */
  async readAfter(change: FileChange): Promise<Uint8Array | undefined> {
    const digest = change.after?.digest;
    return digest === undefined ? undefined : this.#readBody(digest);
  }

  /**
   * Applies what is approved to the workspace, all of it or nothing. What is pending or rejected stays
   * out; what was applied before is not applied again.
   *
   * @throws ApplyConflictError and the other errors of applying; the approvals then stand as failed
   */
  async apply(options: ApplyChangeSetOptions = {}): Promise<ChangeSetOutcome> {
    const { claimant = 'paracle', ...rest } = options;
    const notApplied: { path: string; reason: string }[] = [];
    const claimed = await this.#claim(claimant, notApplied);
    if (claimed.length === 0) return { applied: [], notApplied };
    try {
      const readBody = async (digest: Digest): Promise<Uint8Array> => this.#readBody(digest);
      const { paths } = await applyChanges(
        this.workspace,
        claimed.map(({ change }) => change),
        { ...rest, readBody },
      );
      await Promise.all(claimed.map(async ({ claimId }) => this.#reviews.report(claimId, { outcome: 'applied' })));
      return { applied: paths, notApplied };
    } catch (error) {
      const detail = error instanceof Error ? error.message.slice(0, 1000) : 'unknown reason';
      await Promise.all(
        claimed.map(async ({ claimId }) => this.#reviews.report(claimId, { outcome: 'failed', detail })),
      );
      throw error;
    }
  }

  /** Claims every approval that can be carried out; the rest is told why not. */
  async #claim(claimant: string, notApplied: { path: string; reason: string }[]): Promise<Claimed[]> {
    const reviews = await this.reviews();
    const approved = new Set(
      this.changes.filter((_change, index) => isApplicable(reviews[index])).map(({ change }) => change.path),
    );
    const directories = this.changes.flatMap(({ change }) => (change.after?.type === 'directory' ? [change.path] : []));
    const missing = new Set(directories.filter((path) => !approved.has(path)));
    const claimed: Claimed[] = [];
    for (const [index, { change, reviewId }] of this.changes.entries()) {
      const reason = reasonAgainst(change, reviews[index], missing);
      if (reason !== undefined) {
        notApplied.push({ path: change.path, reason });
        continue;
      }
      // The digest of what is about to be done, not the one that the review remembers.
      const { digest } = bindArtifact('file_change', toArtifact(change));
      const { claimId } = await this.#reviews.claim(reviewId, { claimant, digest });
      claimed.push({ claimId, change });
    }
    return claimed;
  }

  async #readBody(digest: Digest): Promise<Uint8Array> {
    const body = await this.#reviews.readBody(digest);
    if (body !== undefined) return body;
    throw new StackError(stackErrorCodes.bodyMissing, `Contents ${digest} are no longer in the review store`, {
      details: { digest },
      suggestion: 'Run the transaction again.',
    });
  }
}

/** `missing`: directories of the change set that are not to be made now. */
function reasonAgainst(
  change: FileChange,
  review: Review | undefined,
  missing: ReadonlySet<string>,
): string | undefined {
  if (review === undefined) return 'its review is gone';
  if (review.status !== 'approved') return `its review is ${review.status} (${review.reason ?? 'undecided'})`;
  if (!isApplicable(review)) return `it was ${review.application.status} before`;
  const parent = toAncestors(change.path).find((path) => missing.has(path));
  return parent === undefined ? undefined : `its directory ${parent} is not approved`;
}

function isApplicable(review: Review | undefined): boolean {
  return review?.status === 'approved' && review.application.status === 'none';
}
