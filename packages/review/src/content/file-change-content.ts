import { z } from 'zod';
import { type Digest, digestPattern } from './digest.js';

/**
 * The content of a `file_change`. Only `path` is needed for a review; a claim demands the complete form.
 * Further fields are bound by the digest too, but judged by nobody.
 */
export interface FileChangeContent {
  /** Where the file is, relative to the workspace or absolute. */
  readonly path: string;
  /** What happened to it. */
  readonly change?: 'added' | 'modified' | 'deleted' | undefined;
  /** What it is. @defaultValue 'file' */
  readonly kind?: 'file' | 'symlink' | 'directory' | undefined;
  /** Permission bits after the change, 0 to 0o7777. */
  readonly mode?: number | undefined;
  /** Digest of the bytes before the change; of the target's text for a symlink. */
  readonly before?: Digest | undefined;
  /** Digest of the bytes after the change. */
  readonly after?: Digest | undefined;
  /** Where a symlink points after the change. */
  readonly target?: string | undefined;
  /** Where a renamed file was before. */
  readonly from?: string | undefined;
}

const digest = z
  .templateLiteral(['sha256:', z.string()])
  .refine((value) => digestPattern.test(value), 'expected sha256: and 64 hexadecimal digits');

/** Loose on purpose: what the application does not read can't have an effect, and plain content is bound as given. */
export const fileChangeSchema: z.ZodType<FileChangeContent> = z.looseObject({
  path: z.string().min(1),
  change: z.enum(['added', 'modified', 'deleted']).optional(),
  kind: z.enum(['file', 'symlink', 'directory']).optional(),
  mode: z.int().min(0).max(0o7777).optional(),
  before: digest.optional(),
  after: digest.optional(),
  target: z.string().min(1).optional(),
  from: z.string().min(1).optional(),
});
