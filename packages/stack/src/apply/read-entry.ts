import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import type { Digest } from '@paracle/rollback';
import { absentEntry, type Entry } from './entry.js';
import { tolerate } from './system-code.js';

/** Not every system has every flag, whatever the types say. */
function toFlag(name: 'O_NOFOLLOW' | 'O_NONBLOCK'): number {
  const flag: unknown = Reflect.get(constants, name);
  return typeof flag === 'number' ? flag : 0;
}

const readFlags = constants.O_RDONLY | toFlag('O_NOFOLLOW') | toFlag('O_NONBLOCK');

/** What is on disk: an entry, or something that no change set knows, such as a socket. */
export type DiskEntry = Entry | { readonly type: 'other' };

/** The digest of some contents. */
export function toDigest(contents: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(contents).digest('hex')}`;
}

/** `lstat`, or undefined where nothing is. */
export async function readStats(path: string): Promise<Stats | undefined> {
  return tolerate(lstat(path), ['ENOENT', 'ENOTDIR']);
}

async function readDigest(path: string): Promise<Digest> {
  const hash = createHash('sha256');
  const file = await open(path, readFlags);
  // The stream closes the file, also when it fails.
  const chunks: AsyncIterable<Uint8Array> = file.createReadStream();
  for await (const chunk of chunks) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

/** Reads what is at a path; the last component is never followed. */
export async function readEntry(path: string): Promise<DiskEntry> {
  const stats = await readStats(path);
  if (stats === undefined) return absentEntry;
  const mode = stats.mode & 0o7777;
  if (stats.isFile()) return { type: 'file', mode, digest: await readDigest(path) };
  if (stats.isDirectory()) return { type: 'directory', mode };
  if (stats.isSymbolicLink()) return { type: 'symlink', target: await readlink(path) };
  return { type: 'other' };
}
