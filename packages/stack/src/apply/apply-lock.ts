import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplyBusyError, WorkspaceInvalidError } from './apply-errors.js';
import type { ApplyLayout } from './apply-layout.js';
import { writeNewFile } from './durable-files.js';
import { parseLockHolder } from './lock-holder.js';
import { isProcessGone, readOwnIdentity } from './process-identity.js';
import { systemCode, tolerate } from './system-code.js';

const maxAttempts = 20;
const heldCodes: readonly string[] =
  process.platform === 'win32' ? ['ENOTEMPTY', 'EEXIST', 'EPERM'] : ['ENOTEMPTY', 'EEXIST'];
const leaveCodes: readonly string[] = ['ENOENT', 'ENOTEMPTY', 'EEXIST'];
const candidatePrefix = 'lock-';

async function ensureDirectory(layout: ApplyLayout, path: string): Promise<void> {
  await tolerate(mkdir(path, { mode: 0o700 }), ['EEXIST']);
  const stats = await tolerate(lstat(path), ['ENOENT']);
  if (stats !== undefined && !stats.isDirectory())
    throw new WorkspaceInvalidError(layout.root, `${path} is not a directory`);
}

/** Removes the locks of processes that are gone. Each is named after its token, so a new holder's lock is never hit. */
async function clearDeadHolders(layout: ApplyLayout): Promise<void> {
  for (const name of (await tolerate(readdir(layout.lock), ['ENOENT'])) ?? []) {
    const path = join(layout.lock, name);
    const text = await tolerate(readFile(path, 'utf8'), ['ENOENT']);
    if (text === undefined) continue;
    const holder = parseLockHolder(text);
    if (holder === undefined || !(await isProcessGone(holder))) throw new ApplyBusyError(layout.lock, holder);
    await tolerate(unlink(path), ['ENOENT']);
  }
  await tolerate(rmdir(layout.lock), leaveCodes);
}

/**
 * Moves a directory that holds our token to the lock's place. That succeeds only where nothing or an empty directory is,
 * and is one step: a lock is never seen without its holder. Source: `rename(2)`, ENOTEMPTY.
 */
async function tryLock(layout: ApplyLayout, token: string): Promise<boolean> {
  const candidate = join(layout.directory, `${candidatePrefix}${token}`);
  try {
    await mkdir(candidate, { mode: 0o700 });
    const holder = { ...(await readOwnIdentity()), at: new Date().toISOString() };
    await writeNewFile(join(candidate, token), JSON.stringify(holder));
    await rename(candidate, layout.lock);
    // A holder that leaves removes waiting candidates; one that lost its token so must try again.
    return (await tolerate(lstat(join(layout.lock, token)), ['ENOENT'])) !== undefined;
  } catch (error) {
    await rm(candidate, { recursive: true, force: true });
    if (systemCode(error) === 'ENOENT') return false;
    if (!heldCodes.includes(systemCode(error) ?? '')) throw error;
    await clearDeadHolders(layout);
    return false;
  }
}

/** Removes what is empty of our own directories. */
async function removeEmptyHome(layout: ApplyLayout): Promise<void> {
  await tolerate(rmdir(layout.directory), leaveCodes);
  await tolerate(rmdir(layout.home), leaveCodes);
}

/** A lock that is held. */
export interface ApplyLock {
  /** Gives it back, and removes Paracle's directory from the workspace if nothing else is in it. */
  release(): Promise<void>;
}

async function releaseLock(layout: ApplyLayout, token: string): Promise<void> {
  for (const name of await readdir(layout.directory)) {
    if (name.startsWith(candidatePrefix)) await rm(join(layout.directory, name), { recursive: true, force: true });
  }
  await tolerate(unlink(join(layout.lock, token)), ['ENOENT']);
  await tolerate(rmdir(layout.lock), leaveCodes);
  await removeEmptyHome(layout);
}

async function takeLock(layout: ApplyLayout, token: string): Promise<void> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    await ensureDirectory(layout, layout.home);
    await tolerate(ensureDirectory(layout, layout.directory), ['ENOENT']);
    if (await tryLock(layout, token)) return;
  }
  throw new ApplyBusyError(layout.lock, undefined);
}

/** Takes a workspace's lock, also from a holder that is provably gone. */
export async function acquireApplyLock(layout: ApplyLayout): Promise<ApplyLock> {
  const token = randomUUID();
  try {
    await takeLock(layout, token);
  } catch (error) {
    await tolerate(removeEmptyHome(layout), ['ENOTDIR', 'EACCES', 'EROFS', 'EPERM']);
    throw error;
  }
  return { release: () => releaseLock(layout, token) };
}
