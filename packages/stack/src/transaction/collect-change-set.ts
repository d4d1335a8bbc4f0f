import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { createId, FileService } from '@paracle/core';
import type { ReviewManager } from '@paracle/review';
import type { FileChange, RollbackManager } from '@paracle/rollback';
import type { Sandbox } from '@paracle/sandbox';
import { stackErrorCodes } from '../stack-error-codes.js';
import { StackError } from '../stack-errors.js';
import { ChangeSet, type ReviewedChange } from './change-set.js';
import { toArtifact } from './to-artifact.js';

interface Sources {
  readonly workspace: string;
  readonly sandbox: Sandbox;
  readonly rollback: RollbackManager;
  readonly reviews: ReviewManager;
  readonly snapshotId: string;
  readonly requestedBy: string | undefined;
}

/**
 * Closes a run: what differs from the snapshot becomes one change set. Bodies go into the review
 * store first, so that a review never names contents that are not there.
 */
export async function collectChangeSet(sources: Sources): Promise<ChangeSet> {
  const { workspace, sandbox, rollback, reviews, snapshotId, requestedBy } = sources;
  const root = sandbox.config.workingDirectory;
  const all = await rollback.diff(snapshotId, sandbox, { root });
  const supported = all.filter(({ before, after }) => before?.type !== 'other' && after?.type !== 'other');
  await keepBodies(sources, supported, root);
  const id = createId('chg');
  const changes: ReviewedChange[] = [];
  for (const change of supported) {
    const reviewId = await reviews.createReview({
      artifactId: `${id}:${change.path}`,
      artifactType: 'file_change',
      artifactContent: toArtifact(change),
      sandboxId: sandbox.id,
      changeSetId: id,
      ...(requestedBy !== undefined && { requestedBy }),
    });
    changes.push({ change, reviewId });
  }
  const unsupported = all.filter((change) => !supported.includes(change)).map(({ path }) => path);
  return new ChangeSet({ id, workspace, changes, unsupported }, reviews);
}

async function keepBodies({ sandbox, reviews }: Sources, changes: readonly FileChange[], root: string): Promise<void> {
  const connection = await sandbox.engine.supervisors.connect(sandbox.container.id);
  await using files = FileService.open(connection, 'root');
  for (const { path, after } of changes) {
    if (after?.digest === undefined) continue;
    const pieces: Buffer[] = [];
    await files.read(posix.join(root, path), (piece) => {
      pieces.push(Buffer.from(piece));
    });
    const body = Buffer.concat(pieces);
    const found = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    if (found !== after.digest) {
      throw new StackError(stackErrorCodes.changedMeanwhile, `${path} changed while the change set was made`, {
        details: { path, expected: after.digest, found },
        suggestion: 'Something outside the transaction writes into the sandbox; end it and run again.',
      });
    }
    await reviews.keepBody(body);
  }
}
