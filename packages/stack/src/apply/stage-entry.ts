import { chmod, copyFile, lchown, link, lstat, mkdir, readlink, symlink, writeFile } from 'node:fs/promises';
import type { Digest } from '@paracle/rollback';
import { stackErrorCodes } from '../stack-error-codes.js';
import { ApplyBodyError } from './apply-errors.js';
import type { CheckedChange, Owner } from './check-change.js';
import { syncFile } from './durable-files.js';
import { toDigest } from './read-entry.js';
import { tolerate } from './system-code.js';

/** Where approved contents come from. */
export interface BodySource {
  /** Resolves to the contents with this digest. */
  readBody(digest: Digest): Promise<Uint8Array>;
  /** Stops the apply as long as nothing was changed; after the commit point it has no effect. */
  readonly signal?: AbortSignal | undefined;
}

const linkless: readonly string[] = ['EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV'];

async function readApproved(source: BodySource, path: string, expected: Digest): Promise<Uint8Array> {
  let body: Uint8Array;
  try {
    body = await source.readBody(expected);
  } catch (error) {
    source.signal?.throwIfAborted();
    throw new ApplyBodyError(stackErrorCodes.applyBodyUnreadable, path, { expected }, error);
  }
  const found = toDigest(body);
  if (found !== expected) throw new ApplyBodyError(stackErrorCodes.applyBodyMismatch, path, { expected, found });
  return body;
}

/** Who is not root can rarely give a file away; its owner then changes, as with any editor that replaces files. */
async function giveTo(path: string, owner: Owner | undefined): Promise<void> {
  if (owner !== undefined) await tolerate(lchown(path, owner.uid, owner.gid), ['EPERM', 'EINVAL', 'ENOSYS']);
}

/** Makes a new entry, complete and flushed, where nothing is yet. */
export async function stageEntry(staged: string, change: CheckedChange, source: BodySource): Promise<void> {
  const { after, owner } = change;
  if (after.type === 'symlink') {
    await symlink(after.target, staged);
    await giveTo(staged, owner);
  } else if (after.type === 'directory') {
    await mkdir(staged);
    await giveTo(staged, owner);
    await chmod(staged, after.mode | 0o700);
  } else if (after.type === 'file') {
    await writeFile(staged, await readApproved(source, change.path, after.digest), { flag: 'wx', mode: 0o600 });
    await syncFile(staged);
    await giveTo(staged, owner);
    await chmod(staged, after.mode);
  }
}

/** Keeps a second link to what will be replaced, or a copy where the file system has no links. */
export async function backUp(path: string, backup: string): Promise<void> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) {
    await symlink(await readlink(path), backup);
    await giveTo(backup, stats);
    return;
  }
  const linked = await tolerate(
    link(path, backup).then(() => true),
    linkless,
  );
  if (linked === true) return;
  await copyFile(path, backup);
  await giveTo(backup, stats);
  await chmod(backup, stats.mode & 0o777);
  await syncFile(backup);
}
