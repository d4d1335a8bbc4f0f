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

/** Each becomes a review. */
const MAX_CHANGES = 100_000;
/** Contents of all changed files: the memory store keeps them in this process. */
const MAX_BODIES_BYTES = 512 * 1024 * 1024;

/**
 * Closes a run: what differs from the snapshot becomes one change set. Bodies go into the review
 * store first, so that a review never names contents that are not there.
 *
 * @throws StackError `PARACLE_STACK_CHANGE_SET_TOO_LARGE`, `PARACLE_STACK_CHANGED_MEANWHILE`
 */
export async function collectChangeSet(sources: Sources): Promise<ChangeSet> {
  const { workspace, sandbox, rollback, reviews, snapshotId, requestedBy } = sources;
  const root = sandbox.config.workingDirectory;
  const all = await rollback.diff(snapshotId, sandbox, { root });
  const supported = all.filter(isSupported);
  refuseIfTooLarge(supported);
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
  const unsupported = all.filter((change) => !isSupported(change)).map(({ path }) => path);
  return new ChangeSet({ id, workspace, changes, unsupported }, reviews);
}

function isSupported({ before, after }: FileChange): boolean {
  return before?.type !== 'other' && after?.type !== 'other';
}

/** By what the sandbox says of its files; when they are read, no more than that is taken. */
function refuseIfTooLarge(changes: readonly FileChange[]): void {
  const sizeBytes = changes.reduce((sum, { after }) => sum + (after?.sizeBytes ?? 0), 0);
  if (changes.length <= MAX_CHANGES && sizeBytes <= MAX_BODIES_BYTES) return;
  throw new StackError(
    stackErrorCodes.changeSetTooLarge,
    `The run changed ${changes.length} paths with ${sizeBytes} bytes; a change set has at most ${MAX_CHANGES} with ${MAX_BODIES_BYTES}`,
    {
      details: { changeCount: changes.length, sizeBytes },
      suggestion: 'Let the run write what need not come out elsewhere than into its working directory.',
    },
  );
}

async function keepBodies({ sandbox, reviews }: Sources, changes: readonly FileChange[], root: string): Promise<void> {
  const connection = await sandbox.engine.supervisors.connect(sandbox.container.id);
  await using files = FileService.open(connection, 'root');
  for (const { path, after } of changes) {
    if (after?.digest === undefined) continue;
    const body = await files.read(posix.join(root, path), after.sizeBytes);
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
