import { createHash } from 'node:crypto';
import type { FileChangeContent } from '@paracle/review';
import type { Digest, FileChange, FileState } from '@paracle/rollback';

/** The complete content of a review about one change: what will happen, and nothing else. */
export function toArtifact(change: FileChange): FileChangeContent {
  const { path, before, after } = change;
  const state = after ?? before;
  const kind = state?.type === 'symlink' || state?.type === 'directory' ? state.type : 'file';
  const beforeDigest = digestOf(before);
  const afterDigest = digestOf(after);
  return {
    path,
    change: change.change,
    kind,
    ...(after !== undefined && { mode: after.mode }),
    ...(beforeDigest !== undefined && { before: beforeDigest }),
    ...(afterDigest !== undefined && { after: afterDigest }),
    ...(after?.target !== undefined && { target: after.target }),
  };
}

/** Contents of a file, or the text of a link. */
function digestOf(state: FileState | undefined): Digest | undefined {
  if (state?.target === undefined) return state?.digest;
  return `sha256:${createHash('sha256').update(state.target).digest('hex')}`;
}
