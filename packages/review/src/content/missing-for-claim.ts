import type { Artifact } from './artifact.js';
import { type FileChangeContent, fileChangeSchema } from './file-change-content.js';

function neededFields(change: FileChangeContent): readonly (keyof FileChangeContent)[] {
  const kind = change.kind ?? 'file';
  const before: readonly (keyof FileChangeContent)[] =
    change.change === 'added' || kind === 'directory' ? [] : ['before'];
  if (change.change === 'deleted') return before;
  switch (kind) {
    case 'file':
      return [...before, 'after', 'mode'];
    case 'symlink':
      return [...before, 'target'];
    case 'directory':
      return ['mode'];
  }
}

/** The fields that an artifact lacks before it may be applied; empty when its form is complete. */
export function missingForClaim(artifact: Artifact): readonly string[] {
  if (artifact.type !== 'file_change') return [];
  const parsed = fileChangeSchema.safeParse(artifact.content);
  if (!parsed.success) return ['path'];
  if (parsed.data.change === undefined) return ['change'];
  return neededFields(parsed.data).filter((field) => parsed.data[field] === undefined);
}
