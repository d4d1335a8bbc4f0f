import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { tolerate } from './system-code.js';

/** Not every system can flush a directory; where it can't, its own journal has to do. */
const unsyncable = ['EPERM', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EBADF'];

/** Flushes a file's contents to the disk. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Flushes a directory's entries to the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await tolerate(open(path, 'r'), unsyncable);
  if (directory === undefined) return;
  try {
    await tolerate(directory.sync(), unsyncable);
  } finally {
    await directory.close();
  }
}

/** Writes a new file and flushes it; fails if something is there. */
export async function writeNewFile(path: string, contents: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(contents);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes a file that is there whole or not at all. */
export async function writeWholeFile(path: string, contents: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeNewFile(temporary, contents);
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}
